/** The breaker as the executor uses it: permits for batches, and their outcomes. */
import { admit, type Breaker, type BreakerOptions, counts, newBreaker, type Outcome, type Permit, settle } from './breaker.ts';

export class BreakerGate {
  readonly #options: BreakerOptions;
  readonly #onChange: (from: Breaker['kind'], to: Breaker['kind']) => void;
  #breaker: Breaker = newBreaker();

  constructor(options: BreakerOptions, onChange: (from: Breaker['kind'], to: Breaker['kind']) => void) {
    this.#options = options;
    this.#onChange = onChange;
  }
  get kind(): Breaker['kind'] {
    return this.#breaker.kind;
  }
  counts(now: number) {
    return counts(this.#breaker, now, this.#options);
  }

  /** Permits for at most `room` batches. */
  admit(room: number, now: number): Permit[] {
    const permits: Permit[] = [];
    while (permits.length < room) {
      const { breaker, permit } = admit(this.#breaker, now, this.#options);
      this.#become(breaker);
      if (!permit) break;
      permits.push(permit);
    }
    return permits;
  }

  settle(permit: Permit, outcome: Outcome, now: number): void {
    this.#become(settle(this.#breaker, permit, outcome, now, this.#options));
  }

  /** A failure of what is sent again: it counts while the breaker is closed; else only probes do. */
  fail(now: number): void {
    if (this.#breaker.kind === 'closed') this.settle({ generation: this.#breaker.generation }, 'failure', now);
  }

  #become(next: Breaker): void {
    const before = this.#breaker.kind;
    this.#breaker = next;
    if (next.kind !== before) this.#onChange(before, next.kind);
  }
}
