/** The batches that this validator makes: when, of what, and what becomes of them until they are ordered (K3). Pure. */
import { type Batch, type BatchRef, batchCodec, batchDigest, type Digest, encode, limits } from '@bursar/protocol';
import type { Mempool, Pending } from './mempool.ts';

export interface OwnBatch {
  readonly ref: BatchRef;
  readonly encoded: Uint8Array;
  readonly ids: readonly Digest[];
  readonly traceparents: readonly string[];
  /** Set once the signer has answered; only then may it leave. */
  signature: Uint8Array | undefined;
  lastSentMs: number;
}
export interface OwnBatchOptions {
  readonly chain: Digest;
  readonly origin: number;
  /** A transaction waits at most this long for others. */
  readonly ageMs: number;
  /** As `ageMs`, while batches before it are not ordered. */
  readonly ageBehindMs: number;
  /** A batch of this size is made at once. */
  readonly fullBytes: number;
  /** As well as one of so many transactions. */
  readonly fullTransactions: number;
  /** Unordered batches beyond which none is made: what is pending stays in the mempool. */
  readonly maxOutstanding: number;
}
/** chain, origin, number, expiry, count. */
const HEAD_BYTES = 32 + 2 + 8 + 8 + 4;
const SPAN_LINKS = 128;

export class OwnBatches {
  readonly #options: OwnBatchOptions;
  readonly #mempool: Mempool;
  readonly #outstanding = new Map<number, OwnBatch>();
  #next: number;
  #waitingSinceMs: number | undefined;

  constructor(next: number, mempool: Mempool, options: OwnBatchOptions) {
    this.#next = next;
    this.#mempool = mempool;
    this.#options = options;
  }
  /** Not ordered yet, ascending. */
  outstanding(): OwnBatch[] {
    return [...this.#outstanding.values()].sort((a, b) => a.ref.number - b.ref.number);
  }
  find(number: number): OwnBatch | undefined {
    return this.#outstanding.get(number);
  }

  /** When a batch is due by age or size; undefined: nothing to make now. May lie in the past. */
  dueMs(nowMs: number): number | undefined {
    if (this.#mempool.queued === 0 || this.#outstanding.size >= this.#options.maxOutstanding) {
      if (this.#mempool.queued === 0) this.#waitingSinceMs = undefined;
      return undefined;
    }
    this.#waitingSinceMs ??= nowMs;
    const { fullTransactions, fullBytes, ageMs, ageBehindMs } = this.#options;
    const full = this.#mempool.queued >= fullTransactions || this.#mempool.queuedBytes >= fullBytes;
    return full ? nowMs : this.#waitingSinceMs + (this.#outstanding.size > 0 ? ageBehindMs : ageMs);
  }

  /** Takes what fits out of the mempool. To be logged, then signed, then sent. */
  make(nowMs: number, finalTime: number): OwnBatch {
    const entries = this.#mempool.take(this.#options.fullTransactions, this.#options.fullBytes - HEAD_BYTES);
    this.#waitingSinceMs = this.#mempool.queued > 0 ? nowMs : undefined;
    const made = this.#build(this.#next, entries, expiry(nowMs, finalTime));
    this.#next++;
    this.#outstanding.set(made.ref.number, made);
    return made;
  }

  /** Out of the log, at start; a later one of the same number replaces the earlier. Those that were ordered are over. */
  restore(batch: Batch, encoded: Uint8Array, ids: readonly Digest[], next: number): 'outstanding' | 'ordered' {
    if (batch.number < next) return 'ordered';
    const ref = refOf(batch, encoded);
    this.#outstanding.set(batch.number, {
      ref,
      encoded,
      ids,
      traceparents: batch.entries.map((e) => e.traceparent).filter((t) => t !== ''),
      signature: undefined,
      lastSentMs: 0,
    });
    this.#next = Math.max(this.#next, batch.number + 1);
    return 'outstanding';
  }

  /**
   * Batches that can never be ordered any more, made again under their numbers with what of them is still pending:
   * a block's time is above every final one, and none may order an expired batch.
   */
  remake(nowMs: number, finalTime: number, pending: (id: Digest) => Pending | undefined): OwnBatch[] {
    const made: OwnBatch[] = [];
    for (const old of this.outstanding()) {
      if (old.ref.expiresAt >= finalTime) continue;
      const again = this.rebuild(old.ref.number, nowMs, finalTime, pending);
      if (again) made.push(again);
    }
    return made;
  }

  /** The same number again with a later expiry: only for one that expired, or that never was signed. */
  rebuild(number: number, nowMs: number, finalTime: number, pending: (id: Digest) => Pending | undefined): OwnBatch | undefined {
    const old = this.#outstanding.get(number);
    if (!old || (old.signature && old.ref.expiresAt >= finalTime)) return undefined;
    const entries = old.ids.flatMap((id) => pending(id) ?? []);
    const again = this.#build(number, entries, expiry(nowMs, finalTime));
    this.#outstanding.set(number, again);
    return again;
  }

  /** A block ordered batches of ours. @returns ids whose batch was another one than we hold: they are to be offered again */
  ordered(refs: readonly BatchRef[]): Digest[] {
    const back: Digest[] = [];
    for (const ref of refs) {
      if (ref.origin !== this.#options.origin) continue;
      const own = this.#outstanding.get(ref.number);
      if (own && own.ref.digest !== ref.digest) back.push(...own.ids);
      this.#outstanding.delete(ref.number);
      this.#next = Math.max(this.#next, ref.number + 1);
    }
    return back;
  }

  #build(number: number, entries: readonly Pending[], expiresAt: number): OwnBatch {
    const batch: Batch = {
      chain: this.#options.chain,
      origin: this.#options.origin,
      number,
      expiresAt,
      entries: entries.map(({ transaction, traceparent, tracestate }) => ({ transaction, traceparent, tracestate })),
    };
    const encoded = encode(batchCodec, batch);
    const traceparents = entries
      .map((e) => e.traceparent)
      .filter((t) => t !== '')
      .slice(0, SPAN_LINKS);
    return { ref: refOf(batch, encoded), encoded, ids: entries.map((e) => e.id), traceparents, signature: undefined, lastSentMs: 0 };
  }
}

const expiry = (nowMs: number, finalTime: number): number => Math.max(nowMs, finalTime) + limits.batchLifetimeMs;
const refOf = (batch: Batch, encoded: Uint8Array): BatchRef => ({
  origin: batch.origin,
  number: batch.number,
  digest: batchDigest(encoded),
  bytes: encoded.length,
  transactions: batch.entries.length,
  expiresAt: batch.expiresAt,
});
