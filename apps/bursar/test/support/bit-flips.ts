/** Flips bits in copies of a log that a real run left, and tells what the log made of each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BursarError, type LogRecord, memoryFiles, openLog } from '@bursar/shared-core';
import type { Random } from '@bursar/simulator';

export interface FlipCounts {
  readonly flips: number;
  /** LogCorrupt with the file and the offset of the record that was hit. */
  readonly named: number;
  /** Everything else; the first few, for the message. */
  readonly wrong: readonly string[];
}

const HEADER_BYTES = 24;
const FRAME_BYTES = 12;
/** Of the newest segment so much is taken, cut between two records: a scan reads all of it for each flip. */
const SAMPLE_BYTES = 48 * 1024;

async function read(path: string, bytes: Uint8Array): Promise<{ records: LogRecord[]; torn: boolean; error: BursarError | undefined }> {
  const records: LogRecord[] = [];
  try {
    const log = await openLog('/log', { files: memoryFiles(new Map([[path, bytes]])) });
    for await (const record of log.replay()) records.push(record);
    return { records, torn: log.torn !== undefined, error: undefined };
  } catch (error) {
    return { records, torn: false, error: error as BursarError };
  }
}

/** Half of the flips anywhere, a quarter in heads, a quarter in the last record. */
export async function flipBits(dir: string, flips: number, random: Random): Promise<FlipCounts> {
  const name = readdirSync(dir)
    .filter((n) => /^\d{8}\.log$/.test(n))
    .sort()
    .at(-1);
  if (!name) throw new Error(`there is no log in ${dir}`);
  const path = join('/log', name);
  const whole = readFileSync(join(dir, name));
  const all = (await read(path, whole)).records;
  const end = (r: LogRecord): number => r.offset + FRAME_BYTES + r.bytes.byteLength;
  const records = all.filter((r, i) => i === 0 || end(r) <= SAMPLE_BYTES);
  const bytes = whole.subarray(0, end(records.at(-1) as LogRecord));
  const wrong: string[] = [];
  let named = 0;
  for (let i = 0; i < flips; i++) {
    const of = i % 4 === 3 ? (records.at(-1) as LogRecord) : random.pick(records);
    const at = i % 4 < 2 ? random.below(bytes.byteLength) : of.offset + random.below(i % 4 === 2 ? FRAME_BYTES : end(of) - of.offset);
    const bit = random.below(8);
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ (1 << bit);
    const hit = at < HEADER_BYTES ? undefined : records.findLast((r) => r.offset <= at);
    const found = await read(path, damaged);
    const isNamed =
      found.error?.reason === 'LOG_CORRUPT' &&
      found.error.exitCode === 70 &&
      found.error.details['file'] === path &&
      found.error.details['offset'] === String(hit?.offset ?? 0) &&
      found.records.length === 0;
    if (isNamed) named++;
    else wrong.push(`byte ${at}, bit ${bit}: ${found.error?.message ?? `${found.records.length} records, torn: ${found.torn}`}`);
  }
  return { flips, named, wrong: wrong.slice(0, 5) };
}

/** Flips the lowest bit of the last byte of a log. @returns the file */
export function lastByteOf(dir: string): { file: string; bytes: Buffer } {
  const name = readdirSync(dir)
    .filter((n) => n.endsWith('.log'))
    .sort()
    .at(-1) as string;
  const file = join(dir, name);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  return { file, bytes };
}
