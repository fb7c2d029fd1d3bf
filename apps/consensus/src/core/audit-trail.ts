/** The last transitions of the phase machine (C7): a ring that an RPC returns. */
export interface Transition {
  readonly timeMs: number;
  readonly height: number;
  readonly view: number;
  readonly from: string;
  readonly to: string;
  readonly trigger: string;
  readonly reason: string;
  /** Time spent in the phase before. */
  readonly latencyUs: number;
}

export class AuditTrail {
  readonly #max: number;
  readonly #ring: Transition[] = [];
  #at = 0;
  #lastUs: number | undefined;

  constructor(max = 1_000) {
    this.#max = max;
  }
  /** `monotonicUs` measures the phase before; `timeMs` is for people. */
  add(transition: Omit<Transition, 'latencyUs' | 'timeMs'>, timeMs: number, monotonicUs: number): Transition {
    const latencyUs = this.#lastUs === undefined ? 0 : Math.max(0, Math.round(monotonicUs - this.#lastUs));
    this.#lastUs = monotonicUs;
    const entry = { ...transition, timeMs, latencyUs };
    this.#ring[this.#at] = entry;
    this.#at = (this.#at + 1) % this.#max;
    return entry;
  }
  /** The newest `limit`, newest last. */
  last(limit: number): Transition[] {
    const ordered = [...this.#ring.slice(this.#at), ...this.#ring.slice(0, this.#at)];
    return ordered.slice(Math.max(0, ordered.length - limit));
  }
}
