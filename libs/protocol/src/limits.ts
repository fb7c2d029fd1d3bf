/** Bounds that are consensus rules: changing one is a new protocol version. Sizes are bytes. */
export const limits = {
  /** One canonical transaction, without its signature. */
  transaction: 256 * 1024,
  /** One batch with everything in it. */
  batch: 512 * 1024,
  transactionsPerBatch: 4096,
  batchesPerBlock: 64,
  /** A consensus message on the wire (C2). */
  consensusMessage: 10 * 1024,
  /** As many signatures fit a consensus message, in a PrePrepare with room for references: a fast certificate holds those of all. */
  validators: 128,
  memo: 1024,
  clientKey: 128,
  dependencies: 100,
  expectedReceipts: 100,
  /** Parts of the payments that are executed side by side, each by the holder of its lease. */
  shards: 64,
  itemsPerImport: 100_000,
  itemsPerChunk: 1_000,
  itemsPerExecuteBatch: 1_000,
  /** A fresh proposal's time may differ this much from a validator's clock, in milliseconds. */
  clockToleranceMs: 5_000,
  /** A batch may be ordered for at most this long after its making, in milliseconds of ledger time. */
  batchLifetimeMs: 60_000,
} as const;
