import type { Hex32 } from '@bursar/protocol';
import type { Breaker } from './breaker.ts';

/** What the executor is doing, for operators. Times are unix ms, 0 = never; ledger times say so. */
export interface ExecutorStatus {
  /** Undefined: never granted. */
  readonly leaseHolder: Hex32 | undefined;
  readonly leaseEpoch: bigint;
  /** Ledger time left, ms; 0 = not ours or over. */
  readonly leaseLeftMs: number;
  /** The lease is held under this executor's key by another process. */
  readonly otherCopy: boolean;
  /** Newest final height that was seen. */
  readonly height: number;
  readonly lastTick: number;
  /** Of the last batch that was resolved as applied. */
  readonly lastSuccess: number;
  readonly lastError: number;
  readonly lastErrorText: string;
  /** Ready items that the last plan saw. */
  readonly matured: number;
  /** Batches signed and not resolved. */
  readonly staged: number;
  /** Items that wait before they are tried again. */
  readonly deferred: number;
  readonly lastSeq: bigint;
  readonly breaker: Breaker['kind'];
  readonly breakerCounts: { readonly failures: number; readonly successes: number };
  /** Payments made through this executor since it started. */
  readonly paid: number;
  readonly planningStopped: boolean;
}
