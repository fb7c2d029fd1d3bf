/** The newest blocks in memory, for those who follow; older ones are read from the log. Bounded by bytes. */
import type { StoredBlock } from './stored-block.ts';

const MAX_BYTES = 32 * 1024 * 1024;
const sizeOf = (b: StoredBlock): number =>
  [b.block, b.certificate, ...b.batches, ...b.results].reduce((sum, part) => sum + part.length + 64, 0);

export class RecentBlocks {
  readonly #blocks = new Map<number, { readonly stored: StoredBlock; readonly size: number }>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Heights come in order; the oldest leave first, and a block beyond the bound does not stay at all. */
  add(height: number, stored: StoredBlock): void {
    const size = sizeOf(stored);
    this.#blocks.set(height, { stored, size });
    this.#bytes += size;
    for (const [oldest, { size: freed }] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#blocks.delete(oldest);
      this.#bytes -= freed;
    }
  }

  has(height: number): boolean {
    return this.#blocks.has(height);
  }
  get(height: number): StoredBlock | undefined {
    return this.#blocks.get(height)?.stored;
  }
}
