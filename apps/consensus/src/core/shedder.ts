/** What is refused first when memory runs short (C6, InsufficientResources): the least needed, and votes of the open height never. */
export type Work = 'client' | 'batch' | 'background';

/** Share of the heap in use above which work of this kind is refused. Health is Critical from the first on (C11). */
const SHARE: Readonly<Record<Work, number>> = { client: 0.85, batch: 0.9, background: 0.95 };

export class Shedder {
  readonly #memory: () => number;
  readonly #now: () => number;
  #share = 0;
  #sampledMs = Number.NEGATIVE_INFINITY;

  /** @param memory share of the heap in use, 0 to 1; asked at most every 100 ms. `now`: milliseconds of any clock. */
  constructor(memory: () => number, now: () => number) {
    this.#memory = memory;
    this.#now = now;
  }

  refuses(work: Work): boolean {
    return this.share > SHARE[work];
  }
  get share(): number {
    const now = this.#now();
    if (Math.abs(now - this.#sampledMs) >= 100) {
      this.#share = this.#memory();
      this.#sampledMs = now;
    }
    return this.#share;
  }
}
