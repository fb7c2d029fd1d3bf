/** Final blocks by height: the newest in memory, all others where they stand in the log. */
import type { BlockLog, Position } from '../ports.ts';
import { RecentBlocks } from './recent-blocks.ts';
import { Assembler, type StoredBlock } from './stored-block.ts';

export class StoredBlocks {
  readonly #log: BlockLog;
  readonly #recent: RecentBlocks;
  readonly #positions: (readonly Position[])[] = [];
  /** Blocks that are being read from the log: who asks for the same one meanwhile gets it with the first. */
  readonly #reading = new Map<number, Promise<StoredBlock>>();

  constructor(log: BlockLog, recentBytes: number | undefined) {
    this.#log = log;
    this.#recent = new RecentBlocks(recentBytes);
  }

  /** Heights come in order, from 1. */
  add(height: number, stored: StoredBlock, positions: readonly Position[]): void {
    this.#positions.push(positions);
    this.#recent.add(height, stored);
  }

  /** A height that was added. @throws when the log does not give back what was written */
  async read(height: number): Promise<StoredBlock> {
    const known = this.#recent.get(height) ?? this.#reading.get(height);
    if (known) return known;
    const reading = this.#readLog(height).finally(() => this.#reading.delete(height));
    this.#reading.set(height, reading);
    return await reading;
  }
  async #readLog(height: number): Promise<StoredBlock> {
    const assembler = new Assembler<Position>();
    let found: ReturnType<typeof assembler.add>;
    for (const position of this.#positions[height - 1] ?? []) found = assembler.add(await this.#log.read(position), position);
    if (found?.height !== height) throw new Error('it is not where it was written');
    return found.stored;
  }
  /** Where a block stands, for people. */
  describe(height: number): string {
    const first = this.#positions[height - 1]?.[0];
    return first ? this.#log.describe(first) : 'no log';
  }

  /** From `from` to at most `to`, as many as `maxBytes` hold, and fewer where a read of the log ends; none when the first cannot be had so. */
  async readRun(from: number, to: number, maxBytes: number): Promise<StoredBlock[]> {
    const run: StoredBlock[] = [];
    if (from > to) return run;
    let bytes = 0;
    for (const stored of this.#recent.has(from) ? this.#recentFrom(from) : await this.#loggedFrom(from, maxBytes)) {
      bytes += served(stored);
      if (run.length > 0 && (bytes > maxBytes || from + run.length > to)) break;
      run.push(stored);
    }
    return run;
  }

  *#recentFrom(from: number): Generator<StoredBlock> {
    for (let height = from; ; height++) {
      const stored = this.#recent.get(height);
      if (!stored) return;
      yield stored;
    }
  }
  /** One read of the log. What does not fit into it, or is damaged, is for `read` to find. */
  async #loggedFrom(from: number, maxBytes: number): Promise<StoredBlock[]> {
    const first = this.#positions[from - 1]?.[0];
    const run: StoredBlock[] = [];
    if (!first) return run;
    const assembler = new Assembler<Position>();
    try {
      for (const { position, bytes } of await this.#log.readMany(first, maxBytes)) {
        const found = assembler.add(bytes, position);
        if (found?.height === from + run.length) run.push(found.stored);
        else if (found) break;
      }
    } catch {
      return run;
    }
    return run;
  }
}

/** Bytes that a peer gets. */
const served = ({ block, certificate, batches }: StoredBlock): number =>
  batches.reduce((sum, body) => sum + body.length + 8, block.length + certificate.length + 32);
