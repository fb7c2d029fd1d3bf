/** Opens the record of signatures and reads it back, whole. */
import { decodeRow, SigningRecord } from '@bursar/pbft';
import { DecodeError } from '@bursar/protocol';
import { BursarError, type DurableLog, type LogOptions, openLog } from '@bursar/shared-core';
import type { RecordLog } from '../ports.ts';

/** @throws LogCorrupt (exit 70) with file and offset: a signer that is not sure what it signed must not sign. */
export async function openRecord(dir: string, options: LogOptions = {}): Promise<{ log: DurableLog; record: SigningRecord }> {
  const log = await openLog(dir, { segmentBytes: 16 * 1024 * 1024, ...options });
  const record = new SigningRecord();
  for await (const { bytes, ...position } of log.replay()) {
    try {
      record.add(decodeRow(bytes));
    } catch (e) {
      throw e instanceof DecodeError ? log.unreadable(position, e) : e;
    }
  }
  return { log, record };
}

/** The log for the core: a record that cannot be written ends the process, whatever it was asked. It never goes on in memory. */
export function failingStop(log: DurableLog, fatal: (error: unknown) => never): RecordLog {
  const stop = (error: unknown): never => {
    if (error instanceof BursarError && error.reason === 'QUEUE_FULL') throw error; // nothing was lost: the caller may ask again
    return fatal(error);
  };
  const guarded = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      return stop(error);
    }
  };
  return {
    append: (bytes) => guarded(() => log.append(bytes)),
    sync: () => log.sync().catch(stop),
    rotate: () => guarded(() => log.rotate()),
    dropBefore: (segment) => log.dropBefore(segment).catch(stop),
  };
}
