/**
 * Bytes of a log segment.
 *
 *     header   "BURSLOG1" (8) · segment number u32 · salt u32 · end of the segment before u32, 0 for none · crc32 of all that (4)
 *     record   length u32 · head crc u32 · payload crc u32 · payload, 1 byte to 16 MiB
 *
 * Records that were written together share one fsync; the highest bit of `length` marks the first of them. So an intact record
 * with that bit proves that everything before it was durable, and one without it proves nothing: a power cut may keep the last
 * pages of a write and lose the first.
 *
 * All numbers are big-endian. The head crc covers salt, segment, offset and length: a record counts only at the place it was
 * written to, so bytes inside a payload (a client may choose them) can never pass for a record, and a search for records behind
 * a damaged one looks at heads only.
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 24;
export const FRAME_BYTES = 12;
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const FIRST = 0x8000_0000;
const MAGIC = Buffer.from('BURSLOG1', 'latin1');

export interface SegmentId {
  readonly segment: number;
  readonly salt: number;
  /** Bytes in the segment before this one: a truncated segment does not go unnoticed. */
  readonly previousEnd: number;
}

export function encodeHeader({ segment, salt, previousEnd }: SegmentId): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32BE(segment, 8);
  header.writeUInt32BE(salt, 12);
  header.writeUInt32BE(previousEnd, 16);
  header.writeUInt32BE(crc32(header.subarray(0, 20)), 20);
  return header;
}

/** What the header says, or undefined when this is no intact header of that segment. */
export function readHeader(bytes: Buffer, segment: number): SegmentId | undefined {
  if (bytes.byteLength < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  if (bytes.readUInt32BE(20) !== crc32(bytes.subarray(0, 20)) || bytes.readUInt32BE(8) !== segment) return undefined;
  return { segment, salt: bytes.readUInt32BE(12), previousEnd: bytes.readUInt32BE(16) };
}

const head = Buffer.alloc(16); // reused: all uses are synchronous
function headCrc({ segment, salt }: SegmentId, offset: number, word: number): number {
  head.writeUInt32BE(salt, 0);
  head.writeUInt32BE(segment, 4);
  head.writeUInt32BE(offset, 8);
  head.writeUInt32BE(word, 12);
  return crc32(head);
}

/** The bytes before a payload that will stand at `offset` of the segment. @param first nothing before it shares its fsync */
export function encodeFrame(id: SegmentId, offset: number, payload: Uint8Array, first: boolean): Buffer {
  const word = payload.byteLength + (first ? FIRST : 0);
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(word, 0);
  frame.writeUInt32BE(headCrc(id, offset, word), 4);
  frame.writeUInt32BE(crc32(payload), 8);
  return frame;
}

/** The payload of the record at `offset` (a view), or undefined when there is no intact one. */
export function readFrame(bytes: Buffer, id: SegmentId, offset: number): Buffer | undefined {
  if (offset + FRAME_BYTES >= bytes.byteLength) return undefined;
  const frame = bytes.subarray(offset, offset + FRAME_BYTES);
  const length = payloadLength(frame, id, offset);
  const start = offset + FRAME_BYTES;
  if (length === undefined || start + length > bytes.byteLength) return undefined;
  const payload = bytes.subarray(start, start + length);
  return isPayload(frame, payload) ? payload : undefined;
}

/** Length of the payload whose head is `frame`, or undefined when no record was ever written at `offset`. */
export function payloadLength(frame: Buffer, id: SegmentId, offset: number): number | undefined {
  if (frame.byteLength < FRAME_BYTES) return undefined;
  const word = frame.readUInt32BE(0);
  const length = word % FIRST;
  return length > 0 && length <= MAX_RECORD_BYTES && frame.readUInt32BE(4) === headCrc(id, offset, word) ? length : undefined;
}
/** Whether `payload` is what the head `frame` was written for. */
export const isPayload = (frame: Buffer, payload: Buffer): boolean => crc32(payload) === frame.readUInt32BE(8);

/** Whether the record at `offset` began a write. */
export const isFirst = (bytes: Buffer, offset: number): boolean => bytes.readUInt8(offset) >= FIRST / 2 ** 24;

/** Offset of the first intact record at or after `from` that began a write: what stands before it was durable then. */
export function findWrite(bytes: Buffer, id: SegmentId, from: number): number | undefined {
  for (let offset = from; offset + FRAME_BYTES < bytes.byteLength; offset++) {
    if (isFirst(bytes, offset) && readFrame(bytes, id, offset)) return offset;
  }
  return undefined;
}
