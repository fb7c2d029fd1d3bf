/** Ascending, disjoint, non-adjacent ranges of node indexes, flat: [start, end, start, end, …], ends exclusive. */
export type Runs = number[];

/** Replaces nodes by their parents, in place: half the indexes, ranges that now touch are joined. */
export function toParents(runs: Runs): void {
  let kept = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const start = (runs[i] as number) >>> 1;
    const end = ((runs[i + 1] as number) + 1) >>> 1;
    if (kept > 0 && start <= (runs[kept - 1] as number)) {
      runs[kept - 1] = end;
    } else {
      runs[kept] = start;
      runs[kept + 1] = end;
      kept += 2;
    }
  }
  runs.length = kept;
}

/** A set of node indexes as a bitmap, so that marking the same leaf for ever costs no memory. */
export class DirtySet {
  #words: Int32Array;
  #low = 0;
  #high = -1;

  /** @param size indexes run from 0 to size − 1. */
  constructor(size: number) {
    this.#words = new Int32Array(Math.ceil(size / 32));
  }

  /** Makes room for indexes up to size − 1; what is marked stays marked. */
  grow(size: number): void {
    const words = new Int32Array(Math.ceil(size / 32));
    words.set(this.#words);
    this.#words = words;
  }

  mark(index: number): void {
    const at = index >>> 5;
    (this.#words[at] as number) |= 1 << (index & 31);
    if (this.#high < 0) {
      this.#low = at;
      this.#high = at;
    } else if (at < this.#low) this.#low = at;
    else if (at > this.#high) this.#high = at;
  }

  /** What was marked, and unmarks it. */
  take(): Runs {
    const runs: Runs = [];
    let start = -1;
    let end = -1;
    const extend = (from: number, to: number): void => {
      if (from !== end) {
        if (start >= 0) runs.push(start, end);
        start = from;
      }
      end = to;
    };
    for (let at = this.#low; at <= this.#high; at += 1) {
      let bits = this.#words[at] as number;
      if (bits === 0) continue;
      this.#words[at] = 0;
      const base = at * 32;
      if (bits === -1) {
        extend(base, base + 32);
        continue;
      }
      while (bits !== 0) {
        const lowest = bits & -bits;
        const index = base + 31 - Math.clz32(lowest);
        extend(index, index + 1);
        bits ^= lowest;
      }
    }
    if (start >= 0) runs.push(start, end);
    this.#low = 0;
    this.#high = -1;
    return runs;
  }
}
