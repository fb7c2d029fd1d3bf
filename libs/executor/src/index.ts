/** The executor's core: lease, plan, sign, journal, send, resolve; whatever it needs of the world goes through ports. */

export { type BreakerOptions, breakerDefaults } from './breaker.ts';
export { Driver, type DriverOptions } from './driver.ts';
export { Executor } from './executor.ts';
export { ERROR_REASONS, type ErrorReason, type Explain, type Failure } from './failure.ts';
export { Journal, type Replayed, replayJournal } from './journal.ts';
export { type Ending, journalRecord } from './journal-record.ts';
export type {
  Clock,
  JournalLog,
  LeaseAt,
  LedgerReads,
  Log,
  Meter,
  OpenSpan,
  Outcome,
  ReadyCounts,
  ReadyItem,
  ReadyPage,
  Sign,
  Signed,
  Submitter,
  Tracing,
  Wakes,
} from './ports.ts';
export type { ExecutorPorts, ExecutorSettings } from './settings.ts';
export type { ExecutorStatus } from './status.ts';
