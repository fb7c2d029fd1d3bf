/** Results: what became of each transaction and payment of a block; their root stands in the next header. */
import type { Decoded } from './codec.ts';
import { bool, hex32, list, struct, u16, u32, u64, uint, union } from './codecs.ts';
import { hashOf } from './hash.ts';
import { type Digest, toHex } from './hex.ts';
import { limits } from './limits.ts';

export const result = union('result', {
  /** `code` 0 = done, else a rejection code. `consumed`: its nonce or seq is used up, so this result is the final one. */
  transaction: [
    1,
    struct({
      transaction: hex32,
      code: u16,
      consumed: bool,
      height: uint,
      index: u32,
      /** executeBatch: a code an item. */ items: list(u16, limits.itemsPerExecuteBatch),
    }),
  ],
  /** Receipt of a payment. */
  payment: [
    2,
    struct({
      disbursement: hex32,
      bodyHash: hex32,
      import: hex32,
      /** Digest of the treasury's policy that approved it (treasury-policy.ts). */
      policy: hex32,
      from: hex32,
      to: hex32,
      amount: u64,
      height: uint,
      /** Ledger time of the block, milliseconds. */
      time: uint,
      /** The executeBatch transaction that paid. */
      transaction: hex32,
      leaseEpoch: u64,
      seq: u64,
      attempt: u16,
    }),
  ],
});
export type Result = Decoded<typeof result>;
export type TransactionResult = Extract<Result, { kind: 'transaction' }>;
export type PaymentReceipt = Extract<Result, { kind: 'payment' }>;
/** Where the fields of a canonical receipt stand, behind its tag: all of fixed length, in the order of the codec. */
export const receiptAt = {
  disbursement: 1,
  bodyHash: 33,
  import: 65,
  policy: 97,
  from: 129,
  /** The amount follows, as in a disbursement's body. */
  to: 161,
  amount: 193,
  attempt: 265,
  end: 267,
} as const;
export const isReceipt = (encoded: Uint8Array, at = 0): boolean => encoded[at] === 2;
/**
 * Whose result a canonical transaction result is, and whether it is final, without reading the rest. @throws RangeError for other bytes
 */
export function peekTransactionResult(encoded: Uint8Array): { readonly transaction: Digest; readonly consumed: boolean } {
  if (encoded.length < CONSUMED_AT + 1 || encoded[0] !== TRANSACTION_TAG) throw new RangeError('not the result of a transaction');
  return { transaction: toHex(encoded.subarray(1, 33)), consumed: encoded[CONSUMED_AT] === 1 };
}
/** Code of a canonical transaction result, 0 = done. */
export const peekCode = (encoded: Uint8Array): number => ((encoded[33] ?? 0) << 8) | (encoded[34] ?? 0);
const TRANSACTION_TAG = 1;
/** Behind tag, id and code. */
const CONSUMED_AT = 35;

/** Leaf of the results tree: results in the order of the block, each executeBatch followed by the payments it made. */
export const resultLeaf = (r: Result): Uint8Array => hashOf('bursar/result', result, r);
