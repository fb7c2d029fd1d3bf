/** What happened, as numbers: a running hash of everything, and the last events for a report. */
const KEPT = 4096;

export class Trace {
  #h1 = 0x811c9dc5;
  #h2 = 0x9747b28c;
  readonly #ring: (readonly (string | number)[])[] = [];
  #count = 0;
  readonly #print: ((line: string) => void) | undefined;

  /** @param print is given each event as it happens (`--trace`). */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }
  get count(): number {
    return this.#count;
  }
  /** @param at virtual time; `node` is −1 for the world itself */
  add(at: number, node: number, what: string, ...details: (string | number)[]): void {
    this.#mix(Math.round(at * 1000) | 0);
    this.#mix(node);
    this.#mixText(what);
    for (const d of details) {
      if (typeof d === 'number') this.#mix(d | 0);
      else this.#mixText(d);
    }
    const entry = [at, node, what, ...details];
    this.#ring[this.#count++ % KEPT] = entry;
    this.#print?.(format(entry));
  }
  /** 16 hexadecimal digits: equal for equal runs. */
  hash(): string {
    return [this.#h1, this.#h2].map((h) => (h >>> 0).toString(16).padStart(8, '0')).join('');
  }
  last(n: number): string[] {
    const from = Math.max(0, this.#count - Math.min(n, KEPT));
    return Array.from({ length: this.#count - from }, (_, i) => format(this.#ring[(from + i) % KEPT] ?? []));
  }
  #mix(v: number): void {
    this.#h1 = Math.imul(this.#h1 ^ v, 0x01000193);
    this.#h1 ^= this.#h1 >>> 15;
    this.#h2 = Math.imul(this.#h2 + v, 0x5bd1e995);
    this.#h2 ^= this.#h2 >>> 13;
  }
  /** The first characters tell digests and words apart well enough. */
  #mixText(text: string): void {
    const n = Math.min(text.length, 12);
    let v = text.length;
    for (let i = 0; i < n; i++) v = Math.imul(v, 31) + text.charCodeAt(i);
    this.#mix(v | 0);
  }
}

function format(entry: readonly (string | number)[]): string {
  const [at, node, what, ...details] = entry;
  const short = details.map((d) => (typeof d === 'string' && d.length > 40 ? d.slice(0, 10) : d));
  const seconds = ((Number(at) % 1e8) / 1000).toFixed(4).padStart(11);
  return `${seconds} ${node === -1 ? 'world' : `node ${node}`}  ${what} ${short.join(' ')}`.trimEnd();
}
