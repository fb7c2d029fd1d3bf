/** A log in memory that says what is durable, and can hold or fail a sync. */
import type { BlockLog, LogRecord, Position } from '../../src/ports.ts';

interface Place {
  readonly at: number;
}

export class MemoryLog implements BlockLog {
  readonly records: Uint8Array[] = [];
  durable = 0;
  syncs = 0;
  #hold: Promise<void> | undefined;
  #failure: Error | undefined;

  append(record: Uint8Array): Position {
    this.records.push(new Uint8Array(record));
    return { at: this.records.length - 1 };
  }
  async sync(): Promise<void> {
    const covers = this.records.length;
    await this.#hold;
    if (this.#failure) throw this.#failure;
    this.syncs++;
    this.durable = covers;
  }
  async read(position: Position): Promise<Uint8Array> {
    return this.records[(position as Place).at] as Uint8Array;
  }
  /** `maxBytes` counts as in a file: with the frames of the records. */
  async readMany(position: Position, maxBytes: number): Promise<LogRecord[]> {
    const { at } = position as Place;
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const [i, record] of this.records.slice(at, this.durable).entries()) {
      bytes += record.length + 12;
      if (bytes > maxBytes && found.length > 0) break;
      found.push({ bytes: record, position: { at: at + i } });
    }
    return found;
  }
  describe(position: Position): string {
    return `record ${(position as Place).at}`;
  }

  /** Resolves when so many records were appended. */
  async written(count: number): Promise<void> {
    while (this.records.length < count) await new Promise((resolve) => setImmediate(resolve));
  }
  /** The next syncs wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hold = promise;
    return () => {
      this.#hold = undefined;
      resolve();
    };
  }
  fail(error: Error): void {
    this.#failure = error;
  }
  /** What a restart finds: everything durable, and of the rest what the crash left (`kept` records). */
  afterCrash(kept = 0): LogRecord[] {
    return this.records.slice(0, this.durable + kept).map((bytes, at) => ({ bytes, position: { at } }));
  }
}
