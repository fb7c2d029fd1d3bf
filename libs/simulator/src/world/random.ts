/**
 * The only source of chance in a run: sfc32 (Chris Doty-Humphrey), seeded through splitmix32, so that one number repeats
 * everything. Parts of the world fork streams of their own: drawing more in one part does not shift what another one draws.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    let s = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) | 0;
    const mixed = () => {
      s = (s + 0x9e3779b9) | 0;
      let t = s ^ (s >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return t ^ (t >>> 15);
    };
    this.#a = mixed();
    this.#b = mixed();
    // The upper half of seeds above 2^32.
    this.#c = mixed() ^ Math.floor(seed / 2 ** 32);
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** 0 … 2^32 − 1. */
  u32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }
  /** 0 ≤ result < 1. */
  unit(): number {
    return this.u32() / 2 ** 32;
  }
  chance(p: number): boolean {
    return p > 0 && this.unit() < p;
  }
  /** 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }
  /** from … to, both included, integers. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }
  /** @throws RangeError for an empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }
  /** Each of 0 … n − 1 with probability `p`. */
  some(n: number, p: number): boolean[] {
    return Array.from({ length: n }, () => this.chance(p));
  }
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }
  /** A stream of its own. */
  fork(stream: number): Random {
    return new Random(this.u32(), stream);
  }
}
