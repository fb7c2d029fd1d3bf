/** Checks a payment proof offline: a pure function of the file and a genesis that came another way (docs/protocol.md, "Offline proof"). */
import { ed25519 } from '@bursar/crypto';
import { genesisSet, verifyCertificate } from '@bursar/membership';
import { verifyProof } from '@bursar/merkle';
import {
  BadGenesis,
  bodyHash,
  type Codec,
  certificate,
  chainId,
  DecodeError,
  type DisbursementBody,
  decode,
  decodeTransaction,
  disbursementBody,
  disbursementId,
  fromHex,
  type Genesis,
  type GenesisTreasury,
  type Header,
  header,
  headerDigest,
  importDigest,
  importLeaf,
  type PaymentReceipt,
  rejections,
  result,
  resultLeaf,
  signedTransaction,
  transactionHash,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { inclusionRoot } from './inclusion-root.ts';
import { BadProofFile, type PaymentProof, parsePaymentProof } from './payment-proof.ts';

/** The links of the argument, in the order in which they are checked. */
export type ProofLink = 'file' | 'genesis' | 'header' | 'certificate' | 'receipt' | 'body' | 'import' | 'approvals';

export interface ProvenPayment {
  readonly chain: string;
  readonly network: string;
  readonly currency: Genesis['currency'];
  readonly treasury: string;
  readonly body: DisbursementBody;
  readonly receipt: PaymentReceipt;
  /** Height of the certified header above the payment. */
  readonly certifiedHeight: number;
  /** Names of the validators that signed it, and their share of the stake. */
  readonly signers: readonly string[];
  readonly signedStake: bigint;
  readonly totalStake: bigint;
  /** Keys that approved, of `threshold` needed. */
  readonly approvers: readonly string[];
  readonly threshold: number;
}
export type ProofVerdict =
  | { readonly valid: true; readonly payment: ProvenPayment }
  | {
      readonly valid: false;
      readonly rejection: 'ProofInvalid' | 'GenesisMismatch';
      readonly code: number;
      /** The link that broke. */
      readonly link: ProofLink;
      /** One sentence. */
      readonly reason: string;
      readonly remedy: string;
    };

/** Thrown and caught inside this file only. */
class Broken extends Error {
  readonly link: ProofLink;
  constructor(link: ProofLink, reason: string) {
    super(reason);
    this.link = link;
  }
}
function holds(condition: boolean, link: ProofLink, reason: string): asserts condition {
  if (!condition) throw new Broken(link, reason);
}

/**
 * @param proof text of a proof file, whoever wrote it
 * @param genesis the genesis that the verifier trusts, never one that came with the proof
 */
export function verifyPaymentProof(proof: string, genesis: Genesis): ProofVerdict {
  try {
    return { valid: true, payment: prove(parsePaymentProof(proof), genesis) };
  } catch (e) {
    const broken =
      e instanceof BadProofFile ? new Broken('file', e.message) : e instanceof BadGenesis ? new Broken('genesis', e.message) : e;
    if (!(broken instanceof Broken)) throw e;
    const rejection = broken.link === 'genesis' ? 'GenesisMismatch' : 'ProofInvalid';
    const { code, remedy } = rejections[rejection];
    return { valid: false, rejection, code, link: broken.link, reason: broken.message, remedy };
  }
}

function prove(proof: PaymentProof, genesis: Genesis): ProvenPayment {
  const chain = chainId(genesis);
  holds(proof.chain === chain, 'genesis', `the proof is of chain ${proof.chain}, the genesis makes chain ${chain}`);
  const { head, signers, signedStake, totalStake } = checkHeader(proof, genesis, chain);
  const receipt = checkReceipt(proof, head);
  const { body, treasury } = checkBody(proof, genesis, receipt);
  checkImport(proof, receipt);
  const approvers = checkApprovals(proof, chain, treasury);
  return {
    chain,
    network: genesis.name,
    currency: genesis.currency,
    treasury: treasury.name,
    body,
    receipt,
    certifiedHeight: head.height,
    signers,
    signedStake,
    totalStake,
    approvers,
    threshold: treasury.threshold,
  };
}

/** A quorum of the genesis' validators signed this header of this chain. */
function checkHeader(proof: PaymentProof, genesis: Genesis, chain: string) {
  const head = read(header, proof.header, 'header', 'the header');
  holds(head.version === 1, 'header', `the header has version ${head.version}; this program knows version 1`);
  holds(head.chain === chain, 'header', 'the header belongs to another chain');
  const cert = read(certificate, proof.certificate, 'certificate', 'the certificate');
  const set = genesisSet(genesis);
  holds(cert.kind === 'commit', 'certificate', 'the certificate does not make a block final');
  holds(cert.chain === chain, 'certificate', 'the certificate belongs to another chain');
  holds(
    cert.height === head.height && cert.epoch === head.epoch && head.epoch === set.epoch,
    'certificate',
    'the certificate is for another height or epoch than the header',
  );
  holds(cert.digest === headerDigest(head), 'certificate', 'the certificate is for another header');
  const refused = verifyCertificate(set, chain, cert, ed25519);
  holds(refused === undefined, 'certificate', refused ? `the certificate does not hold (${refused}): ${rejections[refused].reason}` : '');
  const signing = set.validators.filter((v) => ((cert.signers[v.index >> 3] ?? 0) >> (v.index & 7)) & 1);
  return { head, signers: signing.map((v) => v.name), signedStake: signing.reduce((sum, v) => sum + v.stake, 0n), totalStake: set.total };
}

/** The receipt stands under the results root of that header, which is the one above the payment's block. */
function checkReceipt(proof: PaymentProof, head: Header): PaymentReceipt {
  const found = read(result, proof.receipt.leaf, 'receipt', 'the receipt');
  holds(found.kind === 'payment', 'receipt', 'the receipt is not that of a payment');
  const { index, count, path } = proof.receipt;
  const claim = { root: fromHex(head.resultsRoot), leaf: resultLeaf(found), index, leafCount: count, path };
  holds(verifyProof(claim), 'receipt', 'the receipt does not stand under the results root of the certified header');
  holds(
    found.height + 1 === head.height,
    'receipt',
    `the receipt is of height ${found.height}, the header above it of height ${head.height}`,
  );
  return found;
}

/** The body is the one that was paid, by the treasury, to the destination, in full. */
function checkBody(proof: PaymentProof, genesis: Genesis, receipt: PaymentReceipt): { body: DisbursementBody; treasury: GenesisTreasury } {
  const body = read(disbursementBody, proof.body, 'body', 'the body of the payment');
  holds(bodyHash(body) === receipt.bodyHash, 'body', 'the body is not the one that the receipt names');
  holds(
    disbursementId(body.treasury, body.clientKey) === receipt.disbursement,
    'body',
    'the treasury and client key are not those of the receipt',
  );
  holds(proof.disbursement === receipt.disbursement, 'body', 'the file names another disbursement than the receipt');
  const treasury = genesis.treasuries.find((t) => treasuryId(t.name) === body.treasury);
  holds(treasury !== undefined, 'body', 'the genesis has no such treasury');
  holds(receipt.from === treasuryAccount(body.treasury), 'body', 'the money did not come from the account of the treasury');
  holds(receipt.to === body.destination, 'body', 'the money went to another account');
  holds(receipt.amount === body.amount, 'body', 'another amount was paid');
  return { body, treasury };
}

/** The payment is an item of the import that the receipt names. */
function checkImport(proof: PaymentProof, receipt: PaymentReceipt): void {
  const root = inclusionRoot(importLeaf(receipt.disbursement, receipt.bodyHash), proof.inImport);
  const body = decode(disbursementBody, proof.body);
  holds(root !== undefined, 'import', 'the path to the import has not the form of a path');
  holds(importDigest(body.treasury, root) === receipt.import, 'import', 'the payment is no item of the import that was paid');
  holds(proof.import === receipt.import, 'import', 'the file names another import than the receipt');
}

/** Enough different approvers of the genesis signed for this import on this chain. */
function checkApprovals(proof: PaymentProof, chain: string, treasury: GenesisTreasury): string[] {
  const approvers: string[] = [];
  for (const [i, raw] of proof.approvals.entries()) {
    const at = `approval ${i + 1}`;
    const { body, signature } = read(signedTransaction, raw, 'approvals', at);
    const tx = within('approvals', at, () => decodeTransaction(body));
    holds(tx.version === 1 && tx.chain === chain, 'approvals', `${at} was signed for another chain or version`);
    holds(tx.action.kind === 'approve', 'approvals', `${at} is no approval`);
    holds(tx.action.treasury === treasuryId(treasury.name), 'approvals', `${at} is for another treasury`);
    holds(tx.action.import === proof.import, 'approvals', `${at} approves another import`);
    holds(treasury.approvers.includes(tx.signer), 'approvals', `${at} was signed by a key that is no approver of the treasury`);
    holds(!approvers.includes(tx.signer), 'approvals', `${at} repeats an approver`);
    holds(
      approvers.every((a) => a < tx.signer),
      'approvals',
      'the approvals are not in ascending order of their keys',
    );
    holds(ed25519.verify(fromHex(tx.signer), transactionHash(body), signature), 'approvals', `the signature of ${at} does not verify`);
    approvers.push(tx.signer);
  }
  holds(approvers.length >= treasury.threshold, 'approvals', `${approvers.length} approvals are there, ${treasury.threshold} are needed`);
  return approvers;
}

const read = <T>(codec: Codec<T>, bytes: Uint8Array, link: ProofLink, what: string): T => within(link, what, () => decode(codec, bytes));
function within<T>(link: ProofLink, what: string, fn: () => T): T {
  try {
    return fn();
  } catch (e) {
    if (e instanceof DecodeError) throw new Broken(link, `${what} has not its form: ${e.message}`);
    throw e;
  }
}
