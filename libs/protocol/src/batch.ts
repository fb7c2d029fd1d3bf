/** Batches: transactions that one validator received, ordered by digest and carried apart (K3). */
import type { Decoded } from './codec.ts';
import { hex32, list, struct, text, u16, u32, uint, view } from './codecs.ts';
import { digest, hashOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limits } from './limits.ts';

export const batchEntry = struct({
  /** A canonical signed transaction; a view of the batch where it was decoded. */
  transaction: view(limits.transaction + 256),
  /** W3C traceparent and tracestate of the submitting call: under the batch's digest, never in the state (A5). */
  traceparent: text(64),
  tracestate: text(512),
});
export type BatchEntry = Decoded<typeof batchEntry>;

export const batchCodec = struct({
  chain: hex32,
  /** Index of the validator that made it. */
  origin: u16,
  /** Counts from 1 for each origin, without gaps in the order. */
  number: uint,
  /** Ledger time after which no block may order it, milliseconds. */
  expiresAt: uint,
  entries: list(batchEntry, limits.transactionsPerBatch),
});
export type Batch = Decoded<typeof batchCodec>;

/** `encoded` is the canonical batch. */
export const batchDigest = (encoded: Uint8Array): Digest => digest('bursar/batch', encoded);

/** What a block says of a batch. */
export const batchRef = struct({ origin: u16, number: uint, digest: hex32, bytes: u32, transactions: u32, expiresAt: uint });
export type BatchRef = Decoded<typeof batchRef>;

const batchClaim = struct({ chain: hex32, ref: batchRef });
/** The 32 bytes that the origin signs. */
export const batchHash = (chain: Digest, ref: BatchRef): Uint8Array => hashOf('bursar/batch-claim', batchClaim, { chain, ref });
