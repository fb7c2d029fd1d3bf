/** The block log on disk: shared-core's durable log behind the core's port. */
import { createBulkhead, type DurableLog, type LogPosition } from '@bursar/shared-core';
import type { BlockLog, LogRecord, Position } from '../ports.ts';

type StoredRecord = LogPosition & { readonly bytes: Uint8Array };

/** Reads at once: each has a file open, and a process that may open no more would take the log for damaged. */
const READS = 16;
/** More than the server lets in. */
const WAITING = 16_384;

export function blockLog(log: DurableLog): BlockLog {
  const few = createBulkhead('reading the block log', READS, WAITING);
  return {
    append: (record) => log.append(record),
    sync: () => log.sync(),
    read: (position) => few(() => log.read(position as LogPosition)),
    readMany: async (position, maxBytes) => (await few(() => log.readMany(position as LogPosition, maxBytes))).map(toRecord),
    describe: (position) => log.describe(position as LogPosition),
  };
}

/** What the log held when it was opened. @throws LogCorrupt (exit 70) */
export async function* storedRecords(log: DurableLog): AsyncGenerator<LogRecord> {
  for await (const record of log.replay()) yield toRecord(record);
}

const toRecord = ({ segment, offset, bytes }: StoredRecord): LogRecord => ({ position: { segment, offset } as Position, bytes });
