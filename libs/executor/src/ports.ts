/** What the core of the executor needs of the world. Everything it is told may be old, doubled or lost; only the ledger decides. */
import type { Digest, Hex32, Lane, TransactionResult } from '@bursar/protocol';
import type { ErrorReason } from './failure.ts';
import type { Ending } from './journal-record.ts';

/** A signed transaction: these bytes are sent again as they are, never signed anew. */
export interface Signed {
  readonly id: Digest;
  /** Canonical transaction. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** The lease of the shard after a final block, and what is ready there. */
export interface LeaseAt {
  readonly holder: Hex32 | undefined;
  readonly epoch: bigint;
  /** Ledger time, ms. */
  readonly expiresAt: number;
  readonly released: boolean;
  /** The seq that the next executeBatch must carry; it never falls. */
  readonly nextSeq: bigint;
  readonly height: number;
  /** Ledger time of that block, ms. */
  readonly time: number;
  /** Items that are ready, what is in flight or deferred among them; undefined: not told, look. */
  readonly ready: ReadyCounts | undefined;
}
export type ReadyCounts = Readonly<Record<Lane, number>>;

export interface ReadyItem {
  readonly id: Digest;
  readonly bodyHash: Digest;
  /** Batches that were applied without paying it. */
  readonly attempts: number;
  /** W3C traceparent of its import; may be empty. */
  readonly traceparent: string;
  /** Items before it on the page that must be paid first, in the same batch or one before; empty: it may be paid at once. */
  readonly after: readonly Digest[];
}
export interface ReadyPage {
  readonly items: readonly ReadyItem[];
  /** Cursor of the next page; empty: this was the last. */
  readonly next: string;
}

/**
 * What the ledger says of a transaction. `none`: no final block holds it. `refused`: a final block does, and nothing was used up,
 * so that the same bytes may be sent again. `final`: that is what became of it, for ever.
 */
export type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly code: number; readonly height: number }
  | { readonly kind: 'final'; readonly result: TransactionResult; readonly provable: boolean };

/**
 * Reads of the ledger from any of several storages. Each answer is from `atLeast` or above, so that nobody who is behind is
 * believed. @throws BursarError when no storage answers
 */
export interface LedgerReads {
  lease(atLeast: number): Promise<LeaseAt>;
  /** The nonce that the account's next transaction must carry. */
  nonce(account: Hex32, atLeast: number): Promise<{ readonly nonce: bigint; readonly height: number }>;
  ready(lane: Lane, limit: number, cursor: string, atLeast: number): Promise<ReadyPage>;
  outcome(id: Digest, atLeast: number): Promise<Outcome>;
  /** The storage that answered does not move on: prefer another one. */
  rotate(): void;
}

/** The validators that take transactions. */
export interface Submitter {
  readonly count: number;
  /** Resolves when validator `place` has it on its disk. @throws BursarError; then the outcome is unknown */
  submit(place: number, transaction: Signed): Promise<void>;
}

/** The intents' file. Once a write or sync has failed, nothing more succeeds. */
export interface JournalLog {
  /** Not durable before `sync` resolves. */
  append(record: Uint8Array): unknown;
  sync(): Promise<void>;
  /** Later records go into a new segment. @returns its number */
  rotate(): number;
  /** Removes the segments below. */
  dropBefore(segment: number): Promise<void>;
  readonly bytes: number;
}

/** A span that is open: calls made by `run` are its children. */
export interface OpenSpan {
  /** W3C traceparent; empty when nothing is traced. */
  readonly traceparent: string;
  run<T>(fn: () => Promise<T>): Promise<T>;
  end(): void;
}
export interface Tracing {
  /** @param parent traceparent, empty for none. @param links traceparents of others that have a part in it */
  start(name: string, parent: string, links: readonly string[], attributes: Readonly<Record<string, string | number>>): OpenSpan;
}

export interface Clock {
  /** Milliseconds that only run forward: for waits and the breaker. Nothing about money depends on it. */
  monotonic(): number;
  /** Unix ms, for people. */
  wall(): number;
}

/** Rings with each block. */
export interface Wakes {
  /** Rings so far: whoever noted it before looking misses none. */
  readonly rings: number;
  /** Resolves at the next ring, after `ms`, or with the signal; at once when it has rung more often than `since`. */
  next(ms: number, signal: AbortSignal, since?: number): Promise<void>;
}

export interface Log {
  event(type: 'StateTransition', fields: LogFields, message: string, level?: 'info' | 'warn'): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
}
type LogFields = Readonly<Record<string, unknown>>;

/** What is counted; the gauges read `status()`. */
export interface Meter {
  error(reason: ErrorReason): void;
  paid(payments: number): void;
  ended(ending: Ending): void;
  /** Units: ms from the first sending until the result was provable. */
  resolved(ms: number): void;
}

/** 32 bytes in, 64 out: the executor's key stays behind it. */
export type Sign = (hash: Uint8Array) => Uint8Array;
