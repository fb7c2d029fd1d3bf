/** What the verifying workers do: form, chain and signature of transactions, and of whole batches with their origin's claim. Pure. */
import { verify } from '@bursar/crypto';
import {
  type BatchRef,
  batchCodec,
  batchDigest,
  batchHash,
  checkEvidence,
  type Digest,
  decode,
  decodeTransaction,
  type EvidenceContext,
  limits,
  type RejectionName,
  type SignedTransaction,
  signedTransaction,
  signerKey,
  toHex,
  transactionHash,
} from '@bursar/protocol';

/** Traceparents that travel back with a verified batch: a span has at most 128 links. */
const MAX_TRACEPARENTS = 128;
const TRANSACTION_VERSION = 1;

export type Verdict =
  | { readonly ok: true; readonly id: Digest }
  | { readonly ok: false; readonly id: Digest | undefined; readonly name: RejectionName; readonly why: string };
export interface VerifiedBatch {
  readonly ref: BatchRef;
  readonly ids: Uint8Array;
  readonly traceparents: readonly string[];
}
/** `ofOrigin`: it is the batch's own signature that does not hold; with another one it might. */
export type BatchVerdict =
  | { readonly ok: true; readonly batch: VerifiedBatch }
  | { readonly ok: false; readonly name: RejectionName; readonly why: string; readonly ofOrigin?: true };

/**
 * A canonical signed transaction. @param evidence given where a client hands it in: evidence that proves nothing is refused at once. In a batch it
 * passes, and the ledger refuses it alone.
 */
export function verifyTransaction(chain: Digest, encoded: Uint8Array, evidence?: EvidenceContext): Verdict {
  let hashed: Uint8Array | undefined;
  let wrong: Wrong | undefined;
  try {
    const signed = decode(signedTransaction, encoded);
    hashed = transactionHash(signed.body);
    wrong = wrongIn(chain, signed, hashed, evidence);
  } catch (error) {
    wrong = notCanonical(error);
  }
  const id = hashed && toHex(hashed);
  return wrong ? { ok: false, id, ...wrong } : { ok: true, id: id as Digest };
}

interface Wrong {
  readonly name: RejectionName;
  readonly why: string;
}
const notCanonical = (error: unknown): Wrong => ({
  name: 'MalformedMessage',
  why: error instanceof Error ? error.message : 'not canonical',
});

/** @param hashed the transaction's hash, which is what was signed. @throws DecodeError */
function wrongIn(chain: Digest, { body, signature }: SignedTransaction, hashed: Uint8Array, evidence?: EvidenceContext): Wrong | undefined {
  const transaction = decodeTransaction(body);
  if (transaction.version !== TRANSACTION_VERSION) return { name: 'MalformedMessage', why: `version ${transaction.version} is not known` };
  if (transaction.chain !== chain) return { name: 'WrongChain', why: `the transaction is for chain ${transaction.chain}` };
  if (!verify(signerKey(body), hashed, signature)) return { name: 'InvalidSignature', why: 'the signature is not that of the signer' };
  const { action } = transaction;
  if (evidence && action.kind === 'evidence' && !checkEvidence(action.evidence, evidence))
    return { name: 'EvidenceInvalid', why: 'its two signatures and what they say do not prove it' };
  return undefined;
}

/**
 * A batch of another validator. `origin` undefined: it came with a certified block, whose quorum has verified the rest;
 * only form and digest matter then, and no signature is checked.
 */
export function verifyBatch(
  chain: Digest,
  encoded: Uint8Array,
  origin: { readonly publicKey: Uint8Array; readonly signature: Uint8Array } | undefined,
): BatchVerdict {
  try {
    // Here, so that all validators say the same of it; and no log record holds a larger one.
    if (encoded.length > limits.batch) return { ok: false, name: 'MalformedMessage', why: `the batch has ${encoded.length} bytes` };
    const batch = decode(batchCodec, encoded);
    if (batch.chain !== chain) return { ok: false, name: 'WrongChain', why: `the batch is for chain ${batch.chain}` };
    if (batch.number < 1) return { ok: false, name: 'MalformedMessage', why: 'batches count from 1' };
    const ref: BatchRef = {
      origin: batch.origin,
      number: batch.number,
      digest: batchDigest(encoded),
      bytes: encoded.length,
      transactions: batch.entries.length,
      expiresAt: batch.expiresAt,
    };
    if (origin && !verify(origin.publicKey, batchHash(chain, ref), origin.signature))
      return { ok: false, name: 'InvalidSignature', why: 'the batch is not signed by its origin', ofOrigin: true };
    const ids = new Uint8Array(batch.entries.length * 32);
    const traceparents: string[] = [];
    for (const [i, entry] of batch.entries.entries()) {
      const signed = decode(signedTransaction, entry.transaction);
      const hashed = transactionHash(signed.body);
      const wrong = origin && wrongIn(chain, signed, hashed);
      if (wrong) return { ok: false, name: wrong.name, why: `transaction ${i}: ${wrong.why}` };
      ids.set(hashed, i * 32);
      if (entry.traceparent !== '' && traceparents.length < MAX_TRACEPARENTS) traceparents.push(entry.traceparent);
    }
    return { ok: true, batch: { ref, ids, traceparents } };
  } catch (error) {
    return { ok: false, ...notCanonical(error) };
  }
}
