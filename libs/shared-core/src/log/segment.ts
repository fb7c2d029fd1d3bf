/** Names and contents of segments: what is intact, what is a torn tail, what is corrupt. */
import { join } from 'node:path';
import { type BursarError, coreError, messageOf } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { FilePort } from './file-port.ts';
import { FRAME_BYTES, findWrite, HEADER_BYTES, isFirst, isPayload, payloadLength, readFrame, readHeader, type SegmentId } from './frame.ts';
import { damageAt } from './tail.ts';

/** A place in the log: segment number, and byte offset of the record's frame inside it. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}
export interface LogRecord extends LogPosition {
  /** A copy of the appended bytes. */
  readonly bytes: Uint8Array;
}
/** What a crash left half written, and what was cut off. */
export interface TornTail extends LogPosition {
  readonly file: string;
  readonly droppedBytes: number;
}

export const segmentName = (segment: number): string => `${String(segment).padStart(8, '0')}.log`;
export const segmentNumber = (name: string): number | undefined => (/^\d{8}\.log$/.test(name) ? Number(name.slice(0, 8)) : undefined);

export const corrupt = (dir: string, { segment, offset }: LogPosition, what: string): BursarError => {
  const file = join(dir, segmentName(segment));
  return coreError('LogCorrupt', `${file} is corrupt at byte ${offset}: ${what}`, {
    details: { file, offset: String(offset) },
    exitCode: EXIT.safety,
  });
};

/** Numbers of the segments in a folder, ascending. @throws LogCorrupt when one between two others is missing */
export async function segmentsIn(files: FilePort, dir: string): Promise<number[]> {
  const names = await files.readdir(dir);
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
  numbers.forEach((n, i) => {
    if (n !== (numbers[0] ?? 0) + i) throw corrupt(dir, { segment: (numbers[0] ?? 0) + i, offset: 0 }, 'the segment is missing');
  });
  return numbers;
}

/** @param previousEnd where the segment before ends; undefined: none was read. @throws LogCorrupt when this one says something else */
export function joined(dir: string, segment: number, previousEnd: number | undefined, id: SegmentId | undefined): void {
  if (previousEnd === undefined || id?.previousEnd === previousEnd) return;
  throw corrupt(dir, { segment: segment - 1, offset: previousEnd }, `segment ${segment} says that it ends at byte ${id?.previousEnd}`);
}

export interface Scanned {
  /** Undefined when even the header was never finished. */
  readonly id: SegmentId | undefined;
  /** Where intact records stop. */
  readonly end: number;
  /** Where the last write began of which something is intact (0: the header); all before it was synced. */
  readonly lastWrite: number;
}

/**
 * Looks through one segment. Only the newest may be torn, and in it only its last write: everything older was synced before.
 * @throws LogCorrupt with file, offset and number of the record: anything else than a write that never ended
 */
export function scanSegment(dir: string, segment: number, bytes: Buffer, isNewest: boolean): Scanned {
  const id = readHeader(bytes, segment);
  if (!id) {
    // The header is synced before the first record is written: bytes behind a bad header mean damage, not a crash.
    if (!isNewest || bytes.byteLength > HEADER_BYTES) throw corrupt(dir, { segment, offset: 0 }, 'its header is damaged');
    return { id: undefined, end: 0, lastWrite: 0 };
  }
  let end = HEADER_BYTES;
  let lastWrite = 0;
  let records = 0;
  for (let payload = readFrame(bytes, id, end); payload; payload = readFrame(bytes, id, end)) {
    if (isFirst(bytes, end)) lastWrite = end;
    end += FRAME_BYTES + payload.byteLength;
    records++;
  }
  if (end === bytes.byteLength) return { id, end, lastWrite };
  const damaged = (what: string) => corrupt(dir, { segment, offset: end }, `record ${records + 1} of the segment is damaged: ${what}`);
  if (!isNewest) throw damaged('later segments exist');
  const next = findWrite(bytes, id, end + 1);
  if (next !== undefined) throw damaged(`a later write at byte ${next} is intact`);
  const damage = damageAt(bytes, id, end);
  if (damage !== undefined) throw damaged(damage);
  return { id, end, lastWrite };
}

/** One record, read from the file and checked. @throws LogCorrupt with file and offset */
export async function readRecord(files: FilePort, dir: string, at: LogPosition): Promise<Uint8Array> {
  const path = join(dir, segmentName(at.segment));
  const piece = async (offset: number, length: number): Promise<Buffer> => Buffer.from(await files.readAt(path, offset, length));
  const id = readHeader(await piece(0, HEADER_BYTES), at.segment);
  const frame = await piece(at.offset, FRAME_BYTES);
  const length = id && payloadLength(frame, id, at.offset);
  const payload = length === undefined ? undefined : await piece(at.offset + FRAME_BYTES, length);
  if (payload === undefined || payload.byteLength !== length || !isPayload(frame, payload))
    throw corrupt(dir, at, 'the record that was written there is damaged');
  return new Uint8Array(payload);
}

/**
 * Records from `at` on, in order, as many as `maxBytes` of the file hold, at least one: one read for many small records. Where
 * they stop says nothing about what follows. @throws LogCorrupt when the first is damaged
 */
export async function readRecords(files: FilePort, dir: string, at: LogPosition, maxBytes: number): Promise<LogRecord[]> {
  const path = join(dir, segmentName(at.segment));
  const id = readHeader(Buffer.from(await files.readAt(path, 0, HEADER_BYTES)), at.segment);
  const bytes = Buffer.from(await files.readAt(path, at.offset, maxBytes));
  const found: LogRecord[] = [];
  for (let start = 0; id; ) {
    const frame = bytes.subarray(start, start + FRAME_BYTES);
    const length = payloadLength(frame, id, at.offset + start);
    const payload = length === undefined ? undefined : bytes.subarray(start + FRAME_BYTES, start + FRAME_BYTES + length);
    if (payload === undefined || payload.byteLength !== length || !isPayload(frame, payload)) break;
    found.push({ segment: at.segment, offset: at.offset + start, bytes: new Uint8Array(payload) });
    start += FRAME_BYTES + payload.byteLength;
  }
  // Longer than `maxBytes`, or damaged: reading it alone tells which.
  return found.length > 0 ? found : [{ ...at, bytes: await readRecord(files, dir, at) }];
}

/** A record that is as it was written and yet makes no sense here. */
export const unreadable = (where: string, cause: unknown): BursarError =>
  coreError('LogCorrupt', `the record in ${where} is none that this version knows: ${messageOf(cause)}`, { exitCode: EXIT.safety, cause });

/** The records between the header and `end`, each a copy. */
export function* recordsOf(bytes: Buffer, id: SegmentId, end: number): Generator<LogRecord> {
  for (let offset = HEADER_BYTES; offset < end; ) {
    const payload = readFrame(bytes, id, offset) as Buffer;
    yield { segment: id.segment, offset, bytes: new Uint8Array(payload) };
    offset += FRAME_BYTES + payload.byteLength;
  }
}
