const WORDS = 8;

/**
 * From 32-byte ids to small numbers: open addressing over the ids' own first word, four bytes a place. It holds no ids, it
 * compares with those of the table (`words`, eight a number), so that a million of them cost 8 MB, and a Map's limit of 2^24 is none.
 */
export class IdIndex {
  #places = new Uint32Array(1024);
  #count = 0;
  readonly #scratch = Buffer.alloc(4 * WORDS);
  readonly #key = new Uint32Array(this.#scratch.buffer, this.#scratch.byteOffset, WORDS);

  /** @returns the number of the id among `words`, or undefined. `id` is 64 hexadecimal digits. */
  find(words: Uint32Array, id: string): number | undefined {
    this.#scratch.write(id, 'hex');
    return this.#find(words);
  }

  /** As `find`, of the 32 bytes that stand at `at`. */
  findAt(words: Uint32Array, bytes: Uint8Array, at: number): number | undefined {
    for (let i = 0; i < 4 * WORDS; i += 1) this.#scratch[i] = bytes[at + i] as number;
    return this.#find(words);
  }

  #find(words: Uint32Array): number | undefined {
    const mask = this.#places.length - 1;
    for (let place = (this.#key[0] as number) & mask; ; place = (place + 1) & mask) {
      const found = this.#places[place] as number;
      if (found === 0) return undefined;
      if (this.#matches(words, found - 1)) return found - 1;
    }
  }

  /** Adds `number`, whose id stands in `words` already and is not in the index. */
  add(words: Uint32Array, number: number): void {
    if ((this.#count + 1) * 2 > this.#places.length) this.#double(words);
    this.#place(words, number);
    this.#count += 1;
  }

  /** Whether the id that was last asked for is that of `number`. */
  #matches(words: Uint32Array, number: number): boolean {
    const at = number * WORDS;
    for (let w = 0; w < WORDS; w += 1) if (words[at + w] !== this.#key[w]) return false;
    return true;
  }

  #place(words: Uint32Array, number: number): void {
    const mask = this.#places.length - 1;
    let place = (words[number * WORDS] as number) & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = number + 1;
  }

  #double(words: Uint32Array): void {
    const old = this.#places;
    this.#places = new Uint32Array(old.length * 2);
    for (const found of old) if (found !== 0) this.#place(words, found - 1);
  }
}
