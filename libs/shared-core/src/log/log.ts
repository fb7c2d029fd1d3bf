/** The durable append-only log of every service: group commit, torn tails cut, corruption named, a failed write final. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type BursarError, coreError, rejection } from '../errors.ts';
import { diskFailure } from './disk-failure.ts';
import { type FilePort, makeFolder, nodeFiles, type OpenFile, writeFully } from './file-port.ts';
import { encodeFrame, encodeHeader, FRAME_BYTES, HEADER_BYTES, MAX_RECORD_BYTES, type SegmentId } from './frame.ts';
import {
  joined,
  type LogPosition,
  type LogRecord,
  readRecord,
  readRecords,
  recordsOf,
  scanSegment,
  segmentName,
  segmentsIn,
  type TornTail,
  unreadable,
} from './segment.ts';

export interface LogOptions {
  /** A segment that would grow beyond this is closed and the next begun; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes that may wait for a write before append refuses with QueueFull; default 64 MiB. */
  readonly maxPendingBytes?: number;
  readonly files?: FilePort;
}
export interface DurableLog {
  /** What opening cut off; the operator's log should say so. */
  readonly torn: TornTail | undefined;
  /** Every record that was there when the log was opened, in order. @throws LogCorrupt, and yields nothing from there on */
  replay(): AsyncGenerator<LogRecord>;
  /** Queues 1 byte to 16 MiB for writing; nothing is durable before `sync`. They are kept, not copied: never change them. @throws QueueFull, LogFailed, DiskFull */
  append(bytes: Uint8Array): LogPosition;
  /** Resolves when everything appended so far is on disk; callers share one fdatasync. @throws LogFailed, DiskFull, for ever after the first failure */
  sync(): Promise<void>;
  /** A record that is durable, by the position that `append` or `replay` gave. @throws LogCorrupt with file and offset; LogFailed when it cannot be read */
  read(position: LogPosition): Promise<Uint8Array>;
  /** Durable records from one on, as many of its segment as `maxBytes` hold, at least one. @throws as `read` */
  readMany(position: LogPosition, maxBytes: number): Promise<LogRecord[]>;
  /** File and offset of a position, for people. */
  describe(position: LogPosition): string;
  /** The error for a record that cannot be decoded: LogCorrupt (exit 70), with its place. */
  unreadable(position: LogPosition, cause: unknown): BursarError;
  /** Lets the next record begin a new segment. @returns its number: all records so far stand in segments below it */
  rotate(): number;
  /** Removes the segments below `segment`, when what they hold is not needed any more. The segment being written stays. */
  dropBefore(segment: number): Promise<void>;
  /** Bytes on disk and waiting. */
  readonly bytes: number;
  /** Syncs and closes. */
  close(): Promise<void>;
}

interface Pending {
  readonly id: SegmentId;
  readonly offset: number;
  readonly chunks: Uint8Array[];
  bytes: number;
}

/** Opens or creates the log in `dir`; one process at a time (lockFolder). @throws LogCorrupt, DiskFull, LogFailed */
export async function openLog(dir: string, options: LogOptions = {}): Promise<DurableLog> {
  const { files = nodeFiles, segmentBytes = 64 * 1024 * 1024, maxPendingBytes = 64 * 1024 * 1024 } = options;
  try {
    await makeFolder(files, dir);
    const numbers = await segmentsIn(files, dir);
    const log = new FileLog(dir, files, segmentBytes, maxPendingBytes);
    await log.start(numbers);
    return log;
  } catch (error) {
    throw failure(dir, error);
  }
}

class FileLog implements DurableLog {
  torn: TornTail | undefined;
  readonly #dir: string;
  readonly #files: FilePort;
  readonly #segmentBytes: number;
  readonly #maxPendingBytes: number;
  /** Sizes of the segments on disk, oldest first. */
  readonly #sizes = new Map<number, number>();
  #replayable: readonly LogPosition[] = [];
  /** Where the next record goes. */
  #tail: SegmentId = newSegment(1, 0);
  #offset = HEADER_BYTES;
  /** The file being written, and its segment. */
  #file: OpenFile | undefined;
  #fileSegment = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #appended = 0;
  #durable = 0;
  #flushing: Promise<void> | undefined;
  #failed: BursarError | undefined;
  #closed = false;

  constructor(dir: string, files: FilePort, segmentBytes: number, maxPendingBytes: number) {
    this.#dir = dir;
    this.#files = files;
    this.#segmentBytes = segmentBytes;
    this.#maxPendingBytes = maxPendingBytes;
  }

  async start(numbers: readonly number[]): Promise<void> {
    const newest = numbers.at(-1);
    for (const segment of numbers) this.#sizes.set(segment, 0);
    if (newest === undefined) return this.#begin(this.#tail);
    const bytes = Buffer.from(await this.#files.readFile(this.#path(newest)));
    const { id, end, lastWrite } = scanSegment(this.#dir, newest, bytes, true);
    if (id === undefined || end < bytes.byteLength) {
      this.torn = { file: this.#path(newest), segment: newest, offset: end, droppedBytes: bytes.byteLength - end };
    }
    this.#file = await this.#files.openForWrite(this.#path(newest));
    this.#fileSegment = newest;
    if (this.torn) await this.#file.truncate(end);
    const whole = id ?? newSegment(newest, await this.#endOf(newest - 1));
    // What a crash left in the page cache must not vanish after it was replayed. Written again, since the kernel may take for written
    // what an fsync failed to write; everything before the last write was synced by an fsync that came back.
    if (id) await writeFully(this.#file, bytes.subarray(lastWrite, end), lastWrite);
    else await writeFully(this.#file, encodeHeader(whole), 0);
    await this.#file.fdatasync();
    await this.#files.syncDir(this.#dir);
    this.#tail = whole;
    this.#offset = id ? end : HEADER_BYTES;
    this.#sizes.set(newest, this.#offset);
    this.#replayable = numbers.map((segment) => ({ segment, offset: segment === newest ? this.#offset : -1 }));
  }

  async *replay(): AsyncGenerator<LogRecord> {
    const newest = this.#replayable.at(-1)?.segment;
    let previousEnd: number | undefined;
    for (const { segment, offset } of this.#replayable) {
      if (this.#failed) throw this.#failed;
      const all = Buffer.from(await this.#files.readFile(this.#path(segment)).catch((error) => Promise.reject(failure(this.#dir, error))));
      const bytes = segment === newest ? all.subarray(0, offset) : all;
      const { id, end } = scanSegment(this.#dir, segment, bytes, false);
      this.#sizes.set(segment, Math.max(this.#sizes.get(segment) ?? 0, end));
      joined(this.#dir, segment, previousEnd, id);
      previousEnd = end;
      if (id) yield* recordsOf(bytes, id, end);
    }
  }

  append(bytes: Uint8Array): LogPosition {
    this.#check();
    const { byteLength } = bytes;
    if (byteLength === 0 || byteLength > MAX_RECORD_BYTES)
      throw rejection('FieldInvalid', `a log record has 1 to ${MAX_RECORD_BYTES} bytes, not ${byteLength}`);
    const size = FRAME_BYTES + byteLength;
    if (this.#pendingBytes + size > this.#maxPendingBytes)
      throw rejection('QueueFull', `${this.#pendingBytes} bytes wait for the disk`, { retryAfterMs: 100 });
    if (this.#offset > HEADER_BYTES && this.#offset + size > this.#segmentBytes) this.rotate();
    const position = { segment: this.#tail.segment, offset: this.#offset };
    let batch = this.#pending.at(-1);
    const first = batch?.id.segment !== position.segment;
    if (batch === undefined || first) {
      batch = { id: this.#tail, offset: position.offset, chunks: [], bytes: 0 };
      this.#pending.push(batch);
    }
    batch.chunks.push(encodeFrame(this.#tail, position.offset, bytes, first), bytes);
    batch.bytes += size;
    this.#offset += size;
    this.#pendingBytes += size;
    this.#appended++;
    return position;
  }

  async sync(): Promise<void> {
    this.#check();
    const target = this.#appended;
    while (this.#durable < target) {
      // After the current turn: what it still appends shares this fsync.
      this.#flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#flush());
      await this.#flushing;
      if (this.#failed) throw this.#failed;
    }
  }

  read(position: LogPosition): Promise<Uint8Array> {
    return readRecord(this.#files, this.#dir, position).catch((error) => Promise.reject(failure(this.#dir, error)));
  }

  readMany(position: LogPosition, maxBytes: number): Promise<LogRecord[]> {
    return readRecords(this.#files, this.#dir, position, maxBytes).catch((error) => Promise.reject(failure(this.#dir, error)));
  }

  describe({ segment, offset }: LogPosition): string {
    return `${this.#path(segment)} at byte ${offset}`;
  }

  unreadable(position: LogPosition, cause: unknown): BursarError {
    return unreadable(this.describe(position), cause);
  }

  rotate(): number {
    this.#check();
    if (this.#offset > HEADER_BYTES) {
      this.#tail = newSegment(this.#tail.segment + 1, this.#offset);
      this.#offset = HEADER_BYTES;
    }
    return this.#tail.segment;
  }

  async dropBefore(segment: number): Promise<void> {
    this.#check();
    await this.sync();
    const gone = [...this.#sizes.keys()].filter((n) => n < segment && n < this.#fileSegment);
    if (gone.length === 0) return;
    try {
      // Oldest first: after a crash in between, what is left has no gap.
      for (const n of gone) {
        await this.#files.unlink(this.#path(n));
        this.#sizes.delete(n);
      }
      await this.#files.syncDir(this.#dir);
    } catch (error) {
      throw this.#poison(error);
    }
  }

  get bytes(): number {
    let sum = this.#pendingBytes;
    for (const size of this.#sizes.values()) sum += size;
    return sum;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#failed) await this.sync().catch(() => {});
    this.#closed = true;
    await this.#file?.close().catch(() => {});
    if (this.#failed) throw this.#failed;
  }

  async #flush(): Promise<void> {
    const batches = this.#pending;
    const covers = this.#appended;
    this.#pending = [];
    try {
      for (const batch of batches) {
        if (batch.id.segment !== this.#fileSegment) await this.#begin(batch.id);
        await writeFully(this.#file as OpenFile, Buffer.concat(batch.chunks, batch.bytes), batch.offset);
        this.#pendingBytes -= batch.bytes;
        this.#sizes.set(batch.id.segment, batch.offset + batch.bytes);
        await (this.#file as OpenFile).fdatasync();
      }
      this.#durable = covers;
    } catch (error) {
      this.#poison(error);
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Creates a segment: header and name are durable before the first record is written. */
  async #begin(id: SegmentId): Promise<void> {
    const { segment } = id;
    await this.#file?.close();
    const file = await this.#files.create(this.#path(segment), 0o600);
    this.#file = file;
    this.#fileSegment = segment;
    await writeFully(file, encodeHeader(id), 0);
    await file.fdatasync();
    await this.#files.syncDir(this.#dir);
    this.#sizes.set(segment, HEADER_BYTES);
  }

  /** Bytes of an older segment, 0 when there is none (any more). */
  async #endOf(segment: number): Promise<number> {
    return this.#sizes.has(segment) ? (await this.#files.readFile(this.#path(segment))).byteLength : 0;
  }

  #check(): void {
    if (this.#failed) throw this.#failed;
    if (this.#closed) throw coreError('LogFailed', `the log in ${this.#dir} is closed`);
  }

  #poison(error: unknown): BursarError {
    this.#failed ??= failure(this.#dir, error);
    return this.#failed;
  }

  #path(segment: number): string {
    return join(this.#dir, segmentName(segment));
  }
}

const newSegment = (segment: number, previousEnd: number): SegmentId => ({ segment, salt: randomBytes(4).readUInt32BE(), previousEnd });

const failure = (dir: string, cause: unknown): BursarError => diskFailure(`the log in ${dir}`, cause);
