/** Where commands write: sentences for people, one JSON value, or a document. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { formatAmount, type Genesis } from '@bursar/protocol';
import { messageOf } from '@bursar/shared-core';
import { usage } from '../errors.ts';

export const line = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};
/** Amounts as strings of base units. */
export const json = (value: unknown): void => line(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v), 2));

const CHUNK = 65_536;
/** A document piece by piece, to a file or to standard output. */
export function writeOut(path: string | undefined, document: Iterable<string>): void {
  try {
    const file = path === undefined ? undefined : openSync(path, 'w');
    const write = (text: string): void => {
      const bytes = Buffer.from(text);
      if (file === undefined) process.stdout.write(bytes);
      else for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    };
    let waiting = '';
    for (const piece of document) {
      waiting += piece;
      if (waiting.length < CHUNK) continue;
      write(waiting);
      waiting = '';
    }
    write(waiting);
    if (file === undefined) return;
    closeSync(file);
  } catch (e) {
    throw usage(
      `cannot write ${path ?? 'to standard output'}: ${messageOf(e)}`,
      'Name a file in a folder that you may write, with room on its disk.',
    );
  }
  line(`Written to ${path}.`);
}

export const money = (units: bigint, { code, exponent }: Genesis['currency']): string => `${formatAmount(units, exponent)} ${code}`;
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;
/** `1 day`, `36 hours`: in the largest unit that leaves no rest. */
export function duration(ms: number): string {
  const [name, size] = UNITS.find(([, s]) => ms % s === 0) ?? ['millisecond', 1];
  return plural(ms / size, name);
}
