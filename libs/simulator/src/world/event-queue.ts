/** Virtual time: what happens next is the event with the smallest time; of equal times the one that was put in first. */
interface Item {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Item, b: Item): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class EventQueue {
  readonly #heap: Item[] = [];
  #now: number;
  #order = 0;

  /** @param start milliseconds since 1970 */
  constructor(start: number) {
    this.#now = start;
  }
  /** Milliseconds since 1970, with fractions. */
  get now(): number {
    return this.#now;
  }
  get size(): number {
    return this.#heap.length;
  }
  /** Runs `run` after `delay` milliseconds, never inside the caller. */
  after(delay: number, run: () => void): void {
    const heap = this.#heap;
    const item: Item = { at: this.#now + Math.max(0, delay), order: this.#order++, run };
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Item;
      if (!before(item, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = item;
  }
  /** Runs the next event. False when there is none, or none until `limit`. */
  step(limit = Number.POSITIVE_INFINITY): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.at > limit) return false;
    this.#remove();
    this.#now = first.at;
    first.run();
    return true;
  }
  #remove(): void {
    const heap = this.#heap;
    const last = heap.pop() as Item;
    const n = heap.length;
    if (n === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && before(heap[child + 1] as Item, heap[child] as Item)) child++;
      const c = heap[child] as Item;
      if (!before(c, last)) break;
      heap[i] = c;
      i = child;
    }
    heap[i] = last;
  }
}
