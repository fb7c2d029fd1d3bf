/** The one log of this process: one fsync covers a turn of engine, mempool and bodies; compaction keeps what is still alive. */
import { encode } from '@bursar/protocol';
import { type JournalRecord, journalRecord } from './journal-record.ts';

/** What the journal needs of the durable log (shared-core's fits). */
export interface LogFile {
  append(bytes: Uint8Array): unknown;
  sync(): Promise<void>;
  rotate(): number;
  dropBefore(segment: number): Promise<void>;
  readonly bytes: number;
}
export interface JournalOptions {
  /** Below this size on disk nothing is compacted. */
  readonly compactBytes: number;
  /** A write or fsync failed: nothing may go on in memory (docs/protocol.md, "Durability"). */
  readonly onFailure: (error: unknown) => void;
}

export class Journal {
  readonly #file: LogFile;
  readonly #options: JournalOptions;
  #live: () => Iterable<JournalRecord> = () => [];
  #threshold: number;
  #compacting = false;

  constructor(file: LogFile, options: JournalOptions) {
    this.#file = file;
    this.#options = options;
    this.#threshold = options.compactBytes;
  }
  /** Says what of the records beside the engine's is still needed. */
  keep(live: () => Iterable<JournalRecord>): void {
    this.#live = live;
  }

  /** @throws QueueFull when too much waits for the disk; any other failure has been handed to `onFailure` */
  append(record: JournalRecord): void {
    this.#file.append(encode(journalRecord, record));
  }
  appendEngine(record: Uint8Array): void {
    try {
      this.append({ kind: 'engine', record });
    } catch (error) {
      this.#options.onFailure(error); // the engine cannot go on without its record
    }
  }
  /** Resolves when everything appended so far is on disk; never when that failed: the process stops. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      this.#options.onFailure(error);
      await new Promise(() => {});
    }
  }

  /**
   * The engine has executed a height and needs only `kept` and what it appends later. Rewrites the live records into a new
   * segment and drops the old ones, once the log has grown enough to be worth it. A crash in between leaves both: replay
   * takes records twice without harm.
   */
  compact(kept: readonly Uint8Array[]): void {
    if (this.#compacting || this.#file.bytes < this.#threshold) return;
    this.#compacting = true;
    const segment = this.#file.rotate();
    let bytes = 0;
    const put = (record: JournalRecord) => {
      const encoded = encode(journalRecord, record);
      bytes += encoded.length;
      this.#file.append(encoded);
    };
    try {
      for (const record of kept) put({ kind: 'engine', record });
      for (const record of this.#live()) put(record);
    } catch (error) {
      this.#options.onFailure(error);
      return;
    }
    this.#threshold = Math.max(this.#options.compactBytes, bytes * 4);
    void this.#file.dropBefore(segment).then(
      () => {
        this.#compacting = false;
      },
      (error: unknown) => this.#options.onFailure(error),
    );
  }
}
