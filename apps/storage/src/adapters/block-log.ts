/** The block log on disk: shared-core's durable log behind the core's port. */
import type { DurableLog, LogPosition } from '@bursar/shared-core';
import type { BlockLog, LogRecord, Position } from '../ports.ts';

type StoredRecord = LogPosition & { readonly bytes: Uint8Array };

export function blockLog(log: DurableLog): BlockLog {
  return {
    append: (record) => log.append(record),
    sync: () => log.sync(),
    read: (position) => log.read(position as LogPosition),
    readMany: async (position, maxBytes) => (await log.readMany(position as LogPosition, maxBytes)).map(toRecord),
    describe: (position) => log.describe(position as LogPosition),
  };
}

/** What the log held when it was opened. @throws LogCorrupt (exit 70) */
export async function* storedRecords(log: DurableLog): AsyncGenerator<LogRecord> {
  for await (const record of log.replay()) yield toRecord(record);
}

const toRecord = ({ segment, offset, bytes }: StoredRecord): LogRecord => ({ position: { segment, offset } as Position, bytes });
