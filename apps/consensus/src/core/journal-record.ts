/** What the one log of this process holds (docs/protocol.md, "Consensus log"): the engine's records and the bodies beside them. */
import { batchEntry, bytes, type Decoded, hex32, limits, list, optional, signature, struct, union } from '@bursar/protocol';

/** Ids that one block can finish: bounded by what a block can order. */
export const MAX_DONE = limits.batchesPerBlock * limits.transactionsPerBatch;

export const journalRecord = union('journal record', {
  /** A record of the engine, as the engine encoded it. */
  engine: [1, struct({ record: bytes(1024 * 1024) })],
  /** Transactions that were accepted from a client in one call: on disk before the reply. */
  transactions: [2, struct({ entries: list(batchEntry, limits.transactionsPerBatch) })],
  /** A batch of our own, before it is signed: the signer would refuse another one under its number. */
  own: [3, struct({ batch: bytes(limits.batch) })],
  /** A batch of another validator, verified. Without signature: it came with a certified block. */
  body: [4, struct({ batch: bytes(limits.batch), signature: optional(signature) })],
  /** Transactions of ours that need not be offered again. */
  done: [5, struct({ ids: list(hex32, MAX_DONE) })],
  /** A canonical transaction of ours with evidence, not signed: until it is done. */
  accusation: [6, struct({ body: bytes(limits.transaction) })],
});
export type JournalRecord = Decoded<typeof journalRecord>;
