/** What the core of storage needs of the world: a durable log, a way to publish, a way to stop. */
import type { StoredBlock, TraceContext } from './core/stored-block.ts';

/** Where a record stands in the log; opaque to the core. */
export type Position = object;

/** An append-only log. Once a write or sync has failed, nothing more succeeds. */
export interface BlockLog {
  /** Hands the bytes to the file; durable only after `sync`. */
  append(record: Uint8Array): Position;
  /** Resolves when everything appended so far survives a power cut. */
  sync(): Promise<void>;
  /** @throws LogCorrupt naming file and offset */
  read(position: Position): Promise<Uint8Array>;
  /** Records from one on, in order, as many as `maxBytes` hold, at least one; all of it synced. @throws LogCorrupt naming file and offset */
  readMany(position: Position, maxBytes: number): Promise<readonly LogRecord[]>;
  /** File and offset, for people. */
  describe(position: Position): string;
}

/** A record found at start. */
export interface LogRecord {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

/** A block that has just become durable, for metrics, spans, followers and the outbox. Never called on replay. */
export interface FinalBlock {
  readonly height: number;
  readonly stored: StoredBlock;
  /** Canonical signed transactions with the traceparents of their entries, in the order of the block. */
  readonly transactions: readonly { readonly signed: Uint8Array; readonly traceparent: string; readonly tracestate: string }[];
  /** Unix milliseconds around the execution. */
  readonly startedMs: number;
  readonly endedMs: number;
}

/**
 * A safety violation or a state that must not be served: writes `dump` where an operator finds it, logs, ends the process
 * with exit code 70. Throws in tests; never returns.
 */
export type Halt = (
  name: 'StateForkDetected' | 'LogCorrupt' | 'LogFailed' | 'Internal',
  reason: string,
  dump: Dump,
  cause?: unknown,
) => never;
export type Dump = Readonly<Record<string, string | number | null>>;

/** What the outbox relay sends through: resolves when the broker has stored the event. */
export type Publish = (event: Uint8Array, height: number, context: TraceContext) => Promise<void>;

/** How far the outbox has been published, kept beside the log. Losing it is harmless: events are published again. */
export interface OutboxCursor {
  load(): Promise<number>;
  save(height: number): Promise<void>;
}
