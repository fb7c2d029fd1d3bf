/** The newest blocks in memory, for those who follow; older ones are read from the log. Bounded by bytes. */
import type { StoredBlock } from './stored-block.ts';

const MAX_BYTES = 32 * 1024 * 1024;
const sizeOf = (b: StoredBlock): number =>
  [b.block, b.certificate, ...b.batches, b.results.packed].reduce((sum, part) => sum + part.length + 64, 0);

export class RecentBlocks {
  readonly #blocks = new Map<number, { readonly stored: StoredBlock; readonly size: number }>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Heights come in order; the oldest leave first, and a block beyond the bound does not stay at all. */
  add(height: number, given: StoredBlock): void {
    const stored = ofItsOwn(given);
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

/** Parts come as views of what was received: one of a kilobyte would keep all that came through the socket with it, and no bound would see it. */
function ofItsOwn({ block, certificate, batches, results, ...rest }: StoredBlock): StoredBlock {
  const isView = (part: Uint8Array): boolean => part.buffer.byteLength > 2 * part.byteLength;
  const own = (part: Uint8Array): Uint8Array => (isView(part) ? new Uint8Array(part) : part);
  return {
    ...rest,
    block: own(block),
    certificate: own(certificate),
    batches: batches.map(own),
    results: isView(results.packed) ? results.copy() : results,
  };
}
