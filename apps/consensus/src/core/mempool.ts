/** Transactions that clients gave us and that are not final yet: bounded by count and bytes, in the order of arrival (C6). */
import type { BatchEntry, Digest } from '@bursar/protocol';

export interface Pending extends BatchEntry {
  readonly id: Digest;
}
type Place = 'queued' | 'batched';

/** Bytes that an entry costs in a batch beside its transaction: three lengths. */
const ENTRY_BYTES = 12;
export const entryBytes = (e: BatchEntry): number => e.transaction.length + e.traceparent.length + e.tracestate.length + ENTRY_BYTES;

export class Mempool {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<Digest, { readonly pending: Pending; place: Place }>();
  /** Ids in the order in which they are to be batched; finished ones are skipped when their turn comes. */
  #queue: Digest[] = [];
  #head = 0;
  #bytes = 0;
  #queued = 0;
  #queuedBytes = 0;

  constructor({ maxCount, maxBytes }: { readonly maxCount: number; readonly maxBytes: number }) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }
  get size(): number {
    return this.#entries.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** Not yet in a batch. */
  get queued(): number {
    return this.#queued;
  }
  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  find(id: Digest): Pending | undefined {
    return this.#entries.get(id)?.pending;
  }
  has(id: Digest): boolean {
    return this.#entries.has(id);
  }
  /** All of them, in no order that matters: what the log must keep. */
  *all(): Generator<Pending> {
    for (const { pending } of this.#entries.values()) yield pending;
  }

  add(pending: Pending, place: Place = 'queued'): 'added' | 'duplicate' | 'full' {
    if (this.#entries.has(pending.id)) return 'duplicate';
    const size = entryBytes(pending);
    if (this.#entries.size >= this.#maxCount || this.#bytes + size > this.#maxBytes) return 'full';
    this.#entries.set(pending.id, { pending, place });
    this.#bytes += size;
    if (place === 'queued') {
      this.#queue.push(pending.id);
      this.#queued++;
      this.#queuedBytes += size;
    }
    return 'added';
  }

  /** The oldest that fit, at least one if there is any; they count as batched from now on. */
  take(maxCount: number, maxBytes: number): Pending[] {
    const taken: Pending[] = [];
    let bytes = 0;
    while (this.#head < this.#queue.length && taken.length < maxCount) {
      const entry = this.#entries.get(this.#queue[this.#head] as Digest);
      if (entry?.place === 'queued') {
        const size = entryBytes(entry.pending);
        bytes += size;
        if (bytes > maxBytes && taken.length > 0) break;
        entry.place = 'batched';
        this.#queued--;
        this.#queuedBytes -= size;
        taken.push(entry.pending);
      }
      this.#head++;
    }
    if (this.#head > 4096 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Their batch was not ordered as it was made: they wait at the front again. Ids that are finished are left out. */
  putBack(ids: Iterable<Digest>): void {
    const back: Digest[] = [];
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry?.place !== 'batched') continue;
      entry.place = 'queued';
      this.#queued++;
      this.#queuedBytes += entryBytes(entry.pending);
      back.push(id);
    }
    this.#queue = [...back, ...this.#queue.slice(this.#head)];
    this.#head = 0;
  }

  /** Final or refused: forgotten. @returns those that were known */
  remove(ids: Iterable<Digest>): Digest[] {
    const removed: Digest[] = [];
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      this.#entries.delete(id);
      const size = entryBytes(entry.pending);
      this.#bytes -= size;
      if (entry.place === 'queued') {
        this.#queued--;
        this.#queuedBytes -= size;
      }
      removed.push(id);
    }
    return removed;
  }
}
