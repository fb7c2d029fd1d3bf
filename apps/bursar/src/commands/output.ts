/** Where commands write: sentences for people, or one JSON value. */
import { formatAmount, type Genesis } from '@bursar/protocol';

export const line = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};
/** Amounts as strings of base units. */
export const json = (value: unknown): void => line(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v), 2));

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
