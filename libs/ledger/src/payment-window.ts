/**
 * Sums of payments over a window of ledger time. It rolls in steps of 1/64 of its length: what fell into a step counts until all of the
 * step is out, so that it is never laxer than an exact window, at most a step stricter, and keeps 64 numbers however much is paid.
 * Not a leaf: it follows from the leaves of what was paid.
 */
import type { PaymentLimits } from '@bursar/protocol';

const STEPS = 64;

/** Steps of one account, or of all, ascending, with what was paid in each. */
interface Paid {
  readonly steps: number[];
  readonly sums: bigint[];
  total: bigint;
}

type WindowLimit = PaymentLimits['windows'][number];

export class PaymentWindow {
  readonly lengthMs: number;
  readonly most: bigint;
  readonly scope: 'treasury' | 'payee';
  /** Ledger time since which it counts. */
  readonly since: number;
  readonly #stepMs: number;
  /** By account, the one paid longest ago first; '' stands for all. */
  readonly #paid: Map<string, Paid>;

  constructor({ lengthMs, most, scope }: WindowLimit, since: number, paid = new Map<string, Paid>()) {
    this.lengthMs = lengthMs;
    this.most = most;
    this.scope = scope;
    this.since = since;
    this.#paid = paid;
    this.#stepMs = Math.ceil(lengthMs / STEPS);
  }

  /** The same window with its sums, under another bound; this one is used no more. */
  allowing(most: bigint): PaymentWindow {
    return new PaymentWindow({ lengthMs: this.lengthMs, scope: this.scope, most }, this.since, this.#paid);
  }

  /** Accounts that something is remembered of. */
  get size(): number {
    return this.#paid.size;
  }
  /** Paid within the window, as far as it counts: to one account when that is the scope. */
  used(to: string, time: number): bigint {
    const paid = this.#paid.get(this.#key(to));
    if (paid) this.#expire(paid, time);
    return paid?.total ?? 0n;
  }

  /** Ledger time from which there may be room, `time` when there is now, Infinity when the window is too small for it. */
  roomAt(to: string, amount: bigint, time: number): number {
    if (amount > this.most) return Number.POSITIVE_INFINITY;
    let left = this.used(to, time) + amount - this.most;
    if (left <= 0n) return time;
    const { steps, sums } = this.#paid.get(this.#key(to)) as Paid;
    let i = 0;
    for (; left > 0n; i += 1) left -= sums[i] as bigint;
    return this.#over(steps[i - 1] as number);
  }

  add(to: string, amount: bigint, time: number): void {
    const key = this.#key(to);
    const paid = this.#paid.get(key) ?? { steps: [], sums: [], total: 0n };
    const step = Math.floor(time / this.#stepMs);
    if (paid.steps.at(-1) === step) (paid.sums[paid.sums.length - 1] as bigint) += amount;
    else {
      paid.steps.push(step);
      paid.sums.push(amount);
    }
    paid.total += amount;
    this.#expire(paid, time);
    this.#paid.delete(key);
    this.#paid.set(key, paid);
    this.#sweep(time);
  }

  /** Two a payment, so that accounts are forgotten at least as fast as they come. */
  #sweep(time: number): void {
    let looked = 0;
    for (const [key, paid] of this.#paid) {
      if (looked === 2 || this.#over(paid.steps.at(-1) ?? 0) > time) return;
      this.#paid.delete(key);
      looked += 1;
    }
  }
  #expire(paid: Paid, time: number): void {
    let gone = 0;
    while (gone < paid.steps.length && this.#over(paid.steps[gone] as number) <= time) {
      paid.total -= paid.sums[gone] as bigint;
      gone += 1;
    }
    if (gone === 0) return;
    paid.steps.splice(0, gone);
    paid.sums.splice(0, gone);
  }
  /** From this time on a step does not count. */
  #over(step: number): number {
    return (step + 1) * this.#stepMs + this.lengthMs;
  }
  #key(to: string): string {
    return this.scope === 'payee' ? to : '';
  }
}
