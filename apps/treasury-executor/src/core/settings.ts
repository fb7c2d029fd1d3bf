/** What an executor is told and given. */
import type { Digest, Hex32 } from '@bursar/protocol';
import type { Logger } from '@bursar/shared-core';
import type { ErrorReason } from '../errors.ts';
import type { Clock, LedgerReads, Sign, Submitter, Tracing } from '../ports.ts';
import type { BreakerOptions } from './breaker.ts';
import type { Journal } from './journal.ts';
import type { Ending } from './journal-record.ts';

export interface ExecutorSettings {
  readonly chain: Digest;
  readonly shard: number;
  readonly key: Hex32;
  readonly leaseMs: number;
  readonly batchItems: number;
  /** Batches that are signed and not executed yet. */
  readonly window: number;
  /** Ledger time that a batch may take, ms. */
  readonly expiryMs: number;
  /** Wait before the same bytes are sent again, ms; it doubles up to sixteen times. */
  readonly resendMs: number;
  /** A batch that no block holds after so long counts as a failure once, ms. */
  readonly timeoutMs: number;
  /** A storage that shows no new block for so long is left for another, ms. */
  readonly staleMs: number;
  readonly breaker: BreakerOptions;
}
export interface ExecutorPorts {
  readonly reads: LedgerReads;
  readonly submitter: Submitter;
  readonly journal: Journal;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly sign: Sign;
  readonly log: Logger;
  readonly meter: Meter;
}
/** What is counted; the gauges read `status()`. */
export interface Meter {
  error(reason: ErrorReason): void;
  paid(payments: number): void;
  ended(ending: Ending): void;
  /** Units: ms from the first sending until the result was provable. */
  resolved(ms: number): void;
}
