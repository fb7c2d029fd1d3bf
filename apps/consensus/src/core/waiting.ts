/** Queues of several owners who take turns: one of each, then the next of each. Every operation but `unshift` takes constant time. */
interface Queue<O, T> {
  readonly owner: O;
  items: T[];
  head: number;
}
/** Passed places are given back when there are so many, and more than half. */
const SLACK = 1_024;

export class Waiting<O, T> {
  readonly #queues = new Map<O, Queue<O, T>>();
  /** Owners with something waiting, whose turn is next first. */
  #turns: Queue<O, T>[] = [];
  #head = 0;

  push(owner: O, item: T): void {
    const queue = this.#queues.get(owner);
    if (queue) queue.items.push(item);
    else this.#turns.push(this.#open(owner, [item]));
  }

  /** In front of what the owner has; an owner that had nothing comes next. */
  unshift(owner: O, items: readonly T[]): void {
    if (items.length === 0) return;
    const queue = this.#queues.get(owner);
    if (!queue) {
      this.#turns = [this.#open(owner, [...items]), ...this.#turns.slice(this.#head)];
      this.#head = 0;
      return;
    }
    queue.items = [...items, ...queue.items.slice(queue.head)];
    queue.head = 0;
  }

  /** What `shift` would give. */
  peek(): T | undefined {
    const queue = this.#turns[this.#head];
    return queue?.items[queue.head];
  }

  /** The first of the owner whose turn it is; then it is the next one's. */
  shift(): T | undefined {
    const queue = this.#turns[this.#head];
    if (!queue) return undefined;
    this.#pass();
    const item = queue.items[queue.head];
    if (this.#advance(queue)) this.#turns.push(queue);
    return item;
  }

  /** As `shift`, but the turn stays. */
  drop(): void {
    const queue = this.#turns[this.#head];
    if (queue && !this.#advance(queue)) this.#pass();
  }

  #open(owner: O, items: T[]): Queue<O, T> {
    const queue = { owner, items, head: 0 };
    this.#queues.set(owner, queue);
    return queue;
  }
  #pass(): void {
    this.#head++;
    if (this.#head < SLACK || this.#head * 2 < this.#turns.length) return;
    this.#turns = this.#turns.slice(this.#head);
    this.#head = 0;
  }
  /** @returns whether the owner has more */
  #advance(queue: Queue<O, T>): boolean {
    queue.head++;
    if (queue.head === queue.items.length) {
      this.#queues.delete(queue.owner);
      return false;
    }
    if (queue.head >= SLACK && queue.head * 2 >= queue.items.length) {
      queue.items = queue.items.slice(queue.head);
      queue.head = 0;
    }
    return true;
  }
}
