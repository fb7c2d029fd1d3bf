/** What an executor is told and given. */
import type { Digest, Hex32 } from '@bursar/protocol';
import type { BreakerOptions } from './breaker.ts';
import type { Explain } from './failure.ts';
import type { Journal } from './journal.ts';
import type { Clock, LedgerReads, Log, Meter, Sign, Submitter, Tracing } from './ports.ts';

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
  readonly explain: Explain;
  readonly log: Log;
  readonly meter: Meter;
}
