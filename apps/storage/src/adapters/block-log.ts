/** The block log on disk: shared-core's durable log behind the core's port. */
import type { DurableLog, LogPosition } from '@bursar/shared-core';
import type { BlockLog, LogRecord, Position } from '../ports.ts';

export function blockLog(log: DurableLog): BlockLog {
  return {
    append: (record) => log.append(record),
    sync: () => log.sync(),
    read: (position) => log.read(position as LogPosition),
    describe: (position) => log.describe(position as LogPosition),
  };
}

/** What the log held when it was opened. @throws LogCorrupt (exit 70) */
export async function* storedRecords(log: DurableLog): AsyncGenerator<LogRecord> {
  for await (const { segment, offset, bytes } of log.replay()) yield { position: { segment, offset } as Position, bytes };
}
