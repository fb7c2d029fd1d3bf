/** Items that a batch did not pay although they were listed as ready: tried again later and later, instead of in every block. */
import type { Digest } from '@bursar/protocol';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

export class Deferrals {
  readonly #max: number;
  readonly #until = new Map<Digest, { readonly time: number; readonly waitMs: number }>();

  /** @param max items remembered; beyond it the oldest are forgotten, hence tried again at once */
  constructor(max = 10_000) {
    this.#max = max;
  }
  get size(): number {
    return this.#until.size;
  }

  /** @param time ledger time, ms */
  defer(id: Digest, time: number): void {
    const before = this.#until.get(id);
    const waitMs = Math.min(LONGEST_MS, before ? before.waitMs * 2 : FIRST_MS);
    this.#until.delete(id);
    this.#until.set(id, { time: time + waitMs, waitMs });
    if (this.#until.size > this.#max) for (const oldest of this.#until.keys()) return void this.#until.delete(oldest);
  }
  isDeferred(id: Digest, time: number): boolean {
    return time < (this.#until.get(id)?.time ?? 0);
  }
  forget(id: Digest): void {
    this.#until.delete(id);
  }
  clear(): void {
    this.#until.clear();
  }
}
