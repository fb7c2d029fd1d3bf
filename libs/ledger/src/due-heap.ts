/** Numbers by time, the earliest first; equal times by number. Who is not wanted any more is skipped by the caller when it comes up. */
export class DueHeap {
  readonly #times: number[] = [];
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: number, time: number): void {
    let at = this.#items.length;
    this.#items.push(item);
    this.#times.push(time);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The earliest item whose time is at most `now`, removed; undefined if there is none. */
  pop(now: number): { readonly item: number; readonly time: number } | undefined {
    const [item, time] = [this.#items[0], this.#times[0]];
    if (item === undefined || time === undefined || time > now) return undefined;
    const last = this.#items.length - 1;
    this.#swap(0, last);
    this.#items.pop();
    this.#times.pop();
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < last && this.#before(child, least)) least = child;
      if (least === at) return { item, time };
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const ta = this.#times[a] as number;
    const tb = this.#times[b] as number;
    return ta < tb || (ta === tb && (this.#items[a] as number) < (this.#items[b] as number));
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a] as number;
    const time = this.#times[a] as number;
    this.#items[a] = this.#items[b] as number;
    this.#times[a] = this.#times[b] as number;
    this.#items[b] = item;
    this.#times[b] = time;
  }
}
