/**
 * A damaged record in the last write of a log. Either a crash cut the write short: nobody was answered, and it is dropped. Or it was
 * whole, was answered for, and is damaged: that must not vanish like a torn tail.
 *
 * What tells them apart: a write that never ended lacks whole sectors. The file ends before them, or they read as zeros (file
 * systems show no stale bytes in a file that grew). Damage leaves something else, or differs by one bit from an intact record; that is
 * tried first, since a payload may hold zeros of its own.
 */
import { crc32 } from 'node:zlib';
import { FRAME_BYTES, isPayload, payloadLength, type SegmentId } from './frame.ts';

/** Written whole or not at all by every disk; larger units are multiples. */
const SECTOR_BYTES = 512;
/** Of CRC-32, lowest bit first. */
const POLYNOMIAL = 0xedb88320;

/** @param at where the first record that is not intact begins. @returns what is wrong with it; undefined when its write never ended */
export function damageAt(bytes: Buffer, id: SegmentId, at: number): string | undefined {
  const start = at + FRAME_BYTES;
  if (start >= bytes.byteLength) return undefined;
  const frame = bytes.subarray(at, start);
  const length = payloadLength(frame, id, at);
  if (length === undefined) {
    if (isOneBitFromHead(bytes, id, at)) return 'a bit of its head is flipped';
    return lacksSector(bytes, at, start) ? undefined : 'its head is damaged';
  }
  if (start + length > bytes.byteLength) return undefined;
  if (isOneBitFromPayload(frame, bytes.subarray(start, start + length))) return 'one bit is flipped';
  return lacksSector(bytes, at, start + length) ? undefined : 'its content is damaged';
}

function isOneBitFromHead(bytes: Buffer, id: SegmentId, at: number): boolean {
  const frame = Buffer.from(bytes.subarray(at, at + FRAME_BYTES));
  for (let bit = 0; bit < 64; bit++) {
    const flip = 1 << (bit & 7);
    frame[bit >> 3] = (frame[bit >> 3] as number) ^ flip;
    const length = payloadLength(frame, id, at);
    if (length !== undefined && at + FRAME_BYTES + length <= bytes.byteLength) return true;
    frame[bit >> 3] = (frame[bit >> 3] as number) ^ flip;
  }
  return false;
}

/** CRC is linear: a flipped bit changes it by a value that depends on the bit's distance from the end alone. */
function isOneBitFromPayload(frame: Buffer, payload: Buffer): boolean {
  if (isPayload(frame, payload)) return false;
  const change = (crc32(payload) ^ frame.readUInt32BE(8)) >>> 0;
  if ((change & (change - 1)) === 0) return true; // of the checksum itself
  let syndrome = POLYNOMIAL;
  for (let bit = payload.byteLength * 8; bit > 0; bit--) {
    if (syndrome === change) return true;
    syndrome = ((syndrome >>> 1) ^ (syndrome & 1 ? POLYNOMIAL : 0)) >>> 0;
  }
  return false;
}

/** Whether a sector that holds part of [at, to) was never written: from `at`, where older bytes stop, it holds nothing but zeros. */
function lacksSector(bytes: Buffer, at: number, to: number): boolean {
  for (let sector = at - (at % SECTOR_BYTES); sector < to; sector += SECTOR_BYTES) {
    const piece = bytes.subarray(Math.max(sector, at), Math.min(sector + SECTOR_BYTES, bytes.byteLength));
    if (piece.every((byte) => byte === 0)) return true;
  }
  return false;
}
