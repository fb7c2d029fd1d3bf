/** Where commands write: sentences for people, or one JSON value. */
import { formatAmount, type Genesis } from '@bursar/protocol';

export const line = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};
/** Amounts as strings of base units. */
export const json = (value: unknown): void => line(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v), 2));

export const money = (units: bigint, { code, exponent }: Genesis['currency']): string => `${formatAmount(units, exponent)} ${code}`;
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
