/** The block log on disk: shared-core's durable log, and reads of single records out of its segments. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { coreError, type DurableLog, EXIT, type LogPosition } from '@bursar/shared-core';
import type { BlockLog, LogRecord, Position } from '../ports.ts';

/** Frame of a record: u32 length, u32 crc of the head, u32 crc of the payload (shared-core, "Bytes of a log segment"). */
const FRAME_BYTES = 12;
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const fileOf = (dir: string, { segment }: LogPosition): string => join(dir, `${String(segment).padStart(8, '0')}.log`);

export function blockLog(dir: string, log: DurableLog): BlockLog {
  const describe = (p: LogPosition): string => `${fileOf(dir, p)} at byte ${p.offset}`;
  const read = async (p: LogPosition): Promise<Uint8Array> => {
    const file = await open(fileOf(dir, p), 'r');
    try {
      const frame = Buffer.alloc(FRAME_BYTES);
      const head = await file.read(frame, 0, FRAME_BYTES, p.offset);
      const length = frame.readUInt32BE(0);
      const bad = coreError('LogCorrupt', `${describe(p)} does not hold the record that was written there`, {
        details: { file: fileOf(dir, p), offset: String(p.offset) },
        exitCode: EXIT.safety,
      });
      if (head.bytesRead < FRAME_BYTES || length === 0 || length > MAX_RECORD_BYTES) throw bad;
      const payload = Buffer.alloc(length);
      const body = await file.read(payload, 0, length, p.offset + FRAME_BYTES);
      if (body.bytesRead < length || crc32(payload) !== frame.readUInt32BE(8)) throw bad;
      return payload;
    } finally {
      await file.close();
    }
  };
  return {
    append: (record) => log.append(record),
    sync: () => log.sync(),
    read: (position) => read(position as LogPosition),
    describe: (position) => describe(position as LogPosition),
  };
}

/** What the log held when it was opened. @throws LogCorrupt (exit 70) */
export async function* storedRecords(log: DurableLog): AsyncGenerator<LogRecord> {
  for await (const { segment, offset, bytes } of log.replay()) yield { position: { segment, offset } as Position, bytes };
}
