/** Queues of several owners who take turns: one of each, then the next of each. `unshift` and `sift` take time for all that waits, the rest is constant. */
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
  #size = 0;

  /** Of all owners together. */
  get size(): number {
    return this.#size;
  }

  push(owner: O, item: T): void {
    this.#size++;
    const queue = this.#queues.get(owner);
    if (queue) queue.items.push(item);
    else this.#turns.push(this.#open(owner, [item]));
  }

  /** In front of what their owners have; those that had nothing come next, in the order given. */
  unshift(groups: ReadonlyMap<O, readonly T[]>): void {
    const opened: Queue<O, T>[] = [];
    for (const [owner, items] of groups) {
      this.#size += items.length;
      const queue = this.#queues.get(owner);
      if (queue) {
        queue.items = [...items, ...queue.items.slice(queue.head)];
        queue.head = 0;
      } else opened.push(this.#open(owner, [...items]));
    }
    this.#turns = [...opened, ...this.#turns.slice(this.#head)];
    this.#head = 0;
  }

  /** Leaves out what is not wanted any more; whoever has something left keeps its turn. */
  sift(isWanted: (item: T) => boolean): void {
    const turns = this.#turns.slice(this.#head);
    this.#queues.clear();
    this.#turns = [];
    this.#head = 0;
    this.#size = 0;
    for (const { owner, items, head } of turns) {
      const left = items.slice(head).filter(isWanted);
      if (left.length === 0) continue;
      this.#turns.push(this.#open(owner, left));
      this.#size += left.length;
    }
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
    this.#size--;
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
