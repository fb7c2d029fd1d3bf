/** Sum of what was paid within a length of ledger time, exactly; times never fall. */
export class RollingSum {
  readonly #lengthMs: number;
  readonly #paid: { readonly time: number; readonly amount: bigint }[] = [];
  #first = 0;
  #sum = 0n;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  add(time: number, amount: bigint): void {
    this.#paid.push({ time, amount });
    this.#sum += amount;
  }
  /** Paid after `time − length`. */
  at(time: number): bigint {
    for (let p = this.#paid[this.#first]; p && p.time + this.#lengthMs <= time; p = this.#paid[++this.#first]) this.#sum -= p.amount;
    if (this.#first > 1_000) this.#paid.splice(0, this.#first);
    if (this.#first > 1_000) this.#first = 0;
    return this.#sum;
  }
}
