/** Transactions as the ledger takes them: canonical bytes and a signature over their hash. */
import { ed25519 } from '@bursar/crypto';
import {
  type AccountId,
  type Action,
  type Change,
  type Digest,
  encodeTransaction,
  type Lane,
  toHex,
  transactionHash,
} from '@bursar/protocol';
import type { ClientKey } from './key-file.ts';

export interface Unsigned {
  /** Canonical transaction. */
  readonly body: Uint8Array;
  /** The 32 bytes to sign; the transaction's id. */
  readonly hash: Uint8Array;
}
export interface Signed {
  readonly id: Digest;
  readonly body: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}
/** Whose transaction, on which chain, with which nonce (the account's next one; an account's first is 0). */
export interface Author {
  readonly chain: Digest;
  readonly signer: AccountId;
  readonly nonce: bigint;
}
export type { Lane };

export function buildTransaction({ chain, signer, nonce }: Author, action: Action): Unsigned {
  const body = encodeTransaction({ chain, signer, nonce, action });
  return { body, hash: transactionHash(body) };
}

/** Moves `amount` base units from the signer's account. */
export const buildTransfer = (author: Author, to: AccountId, amount: bigint, memo = ''): Unsigned =>
  buildTransaction(author, { kind: 'transfer', to, amount, memo });

/** Approves every payment of an import. */
export const buildApproval = (author: Author, treasury: Digest, importDigest: Digest): Unsigned =>
  buildTransaction(author, { kind: 'approve', treasury, import: importDigest });

/** Cancels one payment for good. */
export const buildCancel = (author: Author, treasury: Digest, disbursement: Digest): Unsigned =>
  buildTransaction(author, { kind: 'cancel', treasury, disbursement });

/** Keeps one payment back; `number` is one above its holds so far. */
export const buildHold = (author: Author, treasury: Digest, disbursement: Digest, number: number): Unsigned =>
  buildTransaction(author, { kind: 'hold', treasury, disbursement, number });

/** An approver's signature to let a held payment go; `number` is that of the hold. */
export const buildRelease = (author: Author, treasury: Digest, disbursement: Digest, number: number): Unsigned =>
  buildTransaction(author, { kind: 'release', treasury, disbursement, number });

/** A guardian stops all payments and changes of a treasury; `number` is one above its pauses so far. */
export const buildPause = (author: Author, treasury: Digest, number: number): Unsigned =>
  buildTransaction(author, { kind: 'pause', treasury, number });

/** A guardian's signature to go on after the pause of that number. */
export const buildResume = (author: Author, treasury: Digest, number: number): Unsigned =>
  buildTransaction(author, { kind: 'resume', treasury, number });

/** Proposes a change of the policy or of a payee in place of its `version`; the change is known by this transaction's id. */
export const buildChange = (author: Author, treasury: Digest, version: number, change: Change): Unsigned =>
  buildTransaction(author, { kind: 'proposeChange', treasury, version, change });

/** Approves a proposed change. */
export const buildChangeApproval = (author: Author, treasury: Digest, change: Digest): Unsigned =>
  buildTransaction(author, { kind: 'approveChange', treasury, change });

/** Stops a change that does not count yet. */
export const buildChangeCancel = (author: Author, treasury: Digest, change: Digest): Unsigned =>
  buildTransaction(author, { kind: 'cancelChange', treasury, change });

/** The key must be the signer's that the transaction names. */
export const signTransaction = (key: ClientKey, { body, hash }: Unsigned): Signed => ({
  id: toHex(hash),
  body,
  signature: ed25519.sign(key.secretKey, hash),
});
