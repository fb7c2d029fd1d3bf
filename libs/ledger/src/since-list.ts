/** Fewer gaps than this are not worth a sweep. */
const MIN_GAPS = 1024;

/**
 * Numbers in the order in which they came, each with the rising sequence number of its coming. Leaving costs nothing: `alive`
 * says who is still there, gaps are swept when they outnumber the living, and a sequence number finds its place by bisection.
 */
export class SinceList {
  #items: number[] = [];
  #since: number[] = [];
  #gaps = 0;
  readonly #alive: (item: number, since: number) => boolean;

  constructor(alive: (item: number, since: number) => boolean) {
    this.#alive = alive;
  }

  get size(): number {
    return this.#items.length - this.#gaps;
  }

  /** `since` is above all that came before. */
  push(item: number, since: number): void {
    this.#items.push(item);
    this.#since.push(since);
  }

  /** One that was alive is not any more: `alive` says so already. */
  left(): void {
    this.#gaps += 1;
    if (this.#gaps > MIN_GAPS && this.#gaps * 2 > this.#items.length) this.#sweep();
  }

  /** Shows the living that came after `since`, in order, until `visit` returns false. `visit` must not change the list. */
  after(since: number, visit: (item: number, since: number) => boolean): void {
    let low = 0;
    let high = this.#since.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#since[middle] as number) <= since) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#items.length; i += 1) {
      const item = this.#items[i] as number;
      const came = this.#since[i] as number;
      if (this.#alive(item, came) && !visit(item, came)) return;
    }
  }

  #sweep(): void {
    const items: number[] = [];
    const since: number[] = [];
    for (const [i, item] of this.#items.entries()) {
      const came = this.#since[i] as number;
      if (!this.#alive(item, came)) continue;
      items.push(item);
      since.push(came);
    }
    this.#items = items;
    this.#since = since;
    this.#gaps = 0;
  }
}
