/** A batch that was signed: from the journal to its end it is the same bytes. */
import {
  type ActionOf,
  DecodeError,
  type Digest,
  decodeTransaction,
  encodeTransaction,
  type Hex32,
  type Lane,
  toHex,
  transactionHash,
  transactionId,
} from '@bursar/protocol';
import type { Sign, Signed } from './ports.ts';

export interface Intent extends Signed {
  readonly signer: Hex32;
  readonly batch: ActionOf<'executeBatch'>;
  /** W3C traceparent of the span under which it was sent first; may be empty. */
  readonly traceparent: string;
}

export interface IntentParts {
  readonly chain: Digest;
  readonly signer: Hex32;
  readonly shard: number;
  readonly epoch: bigint;
  readonly seq: bigint;
  readonly lane: Lane;
  /** Ledger time, ms. */
  readonly expiresAt: number;
  readonly items: readonly { readonly id: Digest; readonly bodyHash: Digest; readonly attempts: number }[];
  readonly traceparent: string;
}

/** Attempts are a u16 on the wire; they inform, nothing depends on them. */
const MAX_ATTEMPT = 0xffff;

/** Signs a batch. It may leave the process only after the journal has it on disk. */
export function signIntent(parts: IntentParts, sign: Sign): Intent {
  const { chain, signer, shard, epoch, seq, lane, expiresAt, traceparent } = parts;
  const items = parts.items.map(({ id, bodyHash, attempts }) => ({ id, bodyHash, attempt: Math.min(attempts + 1, MAX_ATTEMPT) }));
  const batch = { kind: 'executeBatch', shard, leaseEpoch: epoch, lane, seq, expiresAt, items } as const;
  // Nonce 0: batches are ordered by (shard, seq).
  const body = encodeTransaction({ chain, signer, nonce: 0n, action: batch });
  const hash = transactionHash(body);
  return { id: toHex(hash), body, signature: sign(hash), signer, batch, traceparent };
}

/** An intent from the journal; undefined when the bytes are no batch of this chain, shard and key: then it is nobody's to send. */
export function readIntent(
  { body, signature, traceparent }: { readonly body: Uint8Array; readonly signature: Uint8Array; readonly traceparent: string },
  own: { readonly chain: Digest; readonly shard: number; readonly signer: Hex32 },
): Intent | undefined {
  try {
    const { chain, signer, action } = decodeTransaction(body);
    if (action.kind !== 'executeBatch' || chain !== own.chain || signer !== own.signer || action.shard !== own.shard) return undefined;
    return { id: transactionId(body), body, signature, signer, batch: action, traceparent };
  } catch (e) {
    if (e instanceof DecodeError) return undefined;
    throw e;
  }
}
