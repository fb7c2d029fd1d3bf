const PAGE_BYTES = 1024 * 1024;

/** Byte strings that are kept for ever, side by side in large pages: no object each. A string never crosses pages. */
export class ByteArena {
  readonly #pages: Buffer[] = [];
  #used = PAGE_BYTES;

  /** @returns the position to read it back from. @throws RangeError above the size of a page. */
  add(bytes: Uint8Array): number {
    if (bytes.length > PAGE_BYTES) throw new RangeError(`at most ${PAGE_BYTES} bytes, not ${bytes.length}`);
    if (this.#used + bytes.length > PAGE_BYTES) {
      this.#pages.push(Buffer.alloc(PAGE_BYTES));
      this.#used = 0;
    }
    const page = this.#pages.length - 1;
    const at = this.#used;
    this.page(page * PAGE_BYTES).set(bytes, at);
    this.#used += bytes.length;
    return page * PAGE_BYTES + at;
  }

  /** The page that holds a position; read it at `offset(position)`. */
  page(position: number): Buffer {
    return this.#pages[Math.floor(position / PAGE_BYTES)] as Buffer;
  }

  offset(position: number): number {
    return position % PAGE_BYTES;
  }

  /** A view, not a copy: callers do not write to it. */
  read(position: number, length: number): Buffer {
    const at = this.offset(position);
    return this.page(position).subarray(at, at + length);
  }
}
