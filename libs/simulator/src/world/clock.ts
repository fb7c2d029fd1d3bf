/** A validator's own clock: off by a bounded amount, running a little too fast or too slow, and set now and then. */
export class Clock {
  #skewMs: number;
  readonly #rate: number;
  readonly #start: number;
  readonly #world: () => number;

  /** @param drift 1e-4 = 100 parts per million too fast */
  constructor(world: () => number, skewMs: number, drift: number) {
    this.#world = world;
    this.#start = world();
    this.#skewMs = skewMs;
    this.#rate = 1 + drift;
  }
  /** Somebody sets it: by so many milliseconds, within `most` of the world's. */
  step(ms: number, most: number): void {
    this.#skewMs = Math.max(-most, Math.min(most, this.#skewMs + ms));
  }
  /** Whole milliseconds since 1970, as the host's clock shows them. */
  now(): number {
    return Math.floor(this.#start + this.#skewMs + (this.#world() - this.#start) * this.#rate);
  }
  /** Virtual milliseconds from now until this clock shows `atMs`. */
  until(atMs: number): number {
    // A little later than exact: rounding must not let the clock still show the millisecond before.
    return Math.max(0, (atMs - this.#skewMs - this.#start) / this.#rate - (this.#world() - this.#start)) + 0.01;
  }
}
