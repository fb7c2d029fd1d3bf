/** Opens the record of signatures and reads it back, whole. */
import { DecodeError } from '@bursar/protocol';
import { coreError, type DurableLog, type LogOptions, openLog } from '@bursar/shared-core';
import { decodeRow } from '../core/row.ts';
import { SigningRecord } from '../core/signing-record.ts';

/** @throws LogCorrupt (exit 70) with file and offset: a signer that is not sure what it signed must not sign. */
export async function openRecord(dir: string, options: LogOptions = {}): Promise<{ log: DurableLog; record: SigningRecord }> {
  const log = await openLog(dir, { segmentBytes: 16 * 1024 * 1024, ...options });
  const record = new SigningRecord();
  for await (const { bytes, segment, offset } of log.replay()) {
    try {
      record.add(decodeRow(bytes));
    } catch (e) {
      if (!(e instanceof DecodeError)) throw e;
      throw coreError('LogCorrupt', `the record in ${dir} holds no row in segment ${segment} at byte ${offset}: ${e.message}`, {
        exitCode: 70,
        cause: e,
      });
    }
  }
  return { log, record };
}

export function failingStop(log: DurableLog, fatal: (error: unknown) => never) {
  return {
    append: (bytes: Uint8Array) => log.append(bytes),
    sync: () => log.sync().catch(fatal),
    rotate: () => log.rotate(),
    dropBefore: (segment: number) => log.dropBefore(segment),
  };
}
