/** Bounds and times of this service that are no settings (C6). */
export const tuning = {
  /**
   * So many that a validator orders them within some seconds, and checks (`maxHeld`) within a part of one: past that a client is better told at
   * once (QueueFull) than kept waiting.
   */
  mempool: { maxCount: 4_096, maxBytes: 64 * 1024 * 1024, maxHeld: 1_024 },
  /** A transaction waits so long for others of its batch (K3). */
  batchAgeMs: 5,
  /** And so long while batches before it are not ordered: nothing would order it much sooner. */
  batchAgeBehindMs: 40,
  /** Batches of ours that are not ordered yet. */
  ownOutstanding: 32,
  bodies: { window: 64, bytesAll: 256 * 1024 * 1024, bytesPerOriginMax: 16 * 1024 * 1024, pinnedBlocks: 16 },
  /** Batches of one origin that the engine hears of at a time. */
  offerPerOrigin: 64,
  /** Evidence of ours that waits for a block, for each offender; settled pieces that are remembered. */
  accusations: { pendingPerOffender: 64, settled: 1_000 },
  outcomes: { heights: 64, results: 20_000, watchers: 20_000 },
  recentBlocks: 8,
  replay: { windowMs: 1_000, max: 16_384 },
  /** Signatures of votes: as many of one turn are verified on the main loop, more in a thread that has so long (docs/decisions/0009-ingress.md). */
  signatures: { inPlaceMax: 16, timeoutMs: 1_000 },
  /** Consensus messages that wait for gate 2, of all validators together. */
  lobby: { messages: 10_000, bytes: 32 * 1024 * 1024 },
  /** What one validator may send (messages: and have verified); notices: all together. */
  rates: {
    messages: { perSecond: 2_000, burst: 4_000 },
    batchBytes: { perSecond: 32 * 1024 * 1024, burst: 64 * 1024 * 1024 },
    notices: { perSecond: 500, burst: 1_000 },
  },
  memoSignatures: 8_192,
  fetch: {
    timeoutMs: 1_000,
    patienceMs: 150,
    wholeMs: 5_000,
    avoidMs: 30_000,
    atOnce: 32,
    waiting: 4_096,
    graceMs: 40,
    /** Shared by all that may ask, each of them with a least share; saved up to `answerBytesMost` each. */
    answerBytesPerSecond: 64 * 1024 * 1024,
    answerBytesLeast: 8 * 1024 * 1024,
    answerBytesMost: 64 * 1024 * 1024,
  },
  /** 128 small blocks make about 200 KiB, one piece. */
  catchUp: {
    heights: 128,
    window: 2_048,
    bytes: 16 * 1024 * 1024,
    perPeer: 2,
    atOnce: 8,
    slowFactor: 4,
    patienceMs: 250,
    timeoutMs: 1_000,
    failures: 3,
    lastsMs: 30_000,
  },
  /** `fetches`: of each validator. */
  queues: { votes: 10_000, batches: 256, finals: 256, fetches: 64 },
  batchResendMs: 1_000,
  /** FinalNotices to everybody, so that whoever slept learns of it without a vote. */
  noticeMs: 2_000,
  healthMs: 1_000,
  resendMs: 500,
  compactBytes: 64 * 1024 * 1024,
  /** Signatures shown to the signer at start. */
  reconcile: 1_000,
} as const;
