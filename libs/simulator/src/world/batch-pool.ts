/** Batches that one validator knows of. Bodies are opaque: only their references matter to ordering. */
import { type BatchRef, limits } from '@bursar/protocol';

/** References kept per origin. */
const KEPT = 32;

export class BatchPool {
  readonly #byOrigin: Map<number, BatchRef>[];
  readonly #bodies = new Set<string>();

  constructor(validators: number) {
    this.#byOrigin = Array.from({ length: validators }, () => new Map());
  }
  /** The newest batch of an origin and number replaces an older one: origins make expired ones again. */
  add(ref: BatchRef): void {
    const known = this.#byOrigin[ref.origin];
    if (known === undefined) return;
    const before = known.get(ref.number);
    if (before !== undefined && before.expiresAt >= ref.expiresAt) return;
    known.set(ref.number, ref);
    this.#bodies.add(ref.digest);
    if (known.size > KEPT) known.delete(known.keys().next().value as number);
  }
  hasBody(digest: string): boolean {
    return this.#bodies.has(digest);
  }
  addBody(digest: string): void {
    this.#bodies.add(digest);
  }
  /** What may be proposed: for each origin contiguous from its next number, none that expired by `time`. */
  offer(nextBatch: (origin: number) => number, time: number): BatchRef[] {
    const out: BatchRef[] = [];
    for (const [origin, known] of this.#byOrigin.entries()) {
      const next = nextBatch(origin);
      for (const number of known.keys()) if (number < next) known.delete(number);
      for (let n = next; out.length < limits.batchesPerBlock; n++) {
        const ref = known.get(n);
        if (ref === undefined || ref.expiresAt < time) break;
        out.push(ref);
      }
    }
    return out;
  }
  /** A crash: bodies and references that were not stored are gone; peers gossip them again. */
  clear(): void {
    for (const known of this.#byOrigin) known.clear();
    this.#bodies.clear();
  }
}
