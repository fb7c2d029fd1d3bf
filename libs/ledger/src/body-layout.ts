/**
 * Reads single fields out of a canonical disbursement body without decoding all of it (the codec `disbursementBody`):
 * treasury 32 ‖ u32 + client key ‖ destination 32 ‖ amount u64 ‖ lane u8 ‖ notBefore u64 ‖ u32 + 32 for each dependency ‖
 * u32 + memo ‖ 0, or 1 ‖ u32 + payee ‖ version u32 ‖ …
 */
import { type Lane, PLAIN_END } from '@bursar/protocol';

const KEY_LENGTH = 32;
const KEY = 36;

/** Where the destination stands. */
export const payeeAt = (page: Buffer, at: number): number => at + KEY + page.readUInt32BE(at + KEY_LENGTH);

export const destinationAt = (page: Buffer, at: number): string => {
  const from = payeeAt(page, at);
  return page.toString('hex', from, from + 32);
};
export const amountAt = (page: Buffer, at: number): bigint => page.readBigUInt64BE(payeeAt(page, at) + 32);
export const clientKeyAt = (page: Buffer, at: number): { readonly at: number; readonly length: number } => ({
  at: at + KEY,
  length: page.readUInt32BE(at + KEY_LENGTH),
});
/** Where the ids that it depends on stand, and how many they are. */
export const dependenciesAt = (page: Buffer, at: number): { readonly at: number; readonly count: number } => {
  const from = payeeAt(page, at) + 49;
  return { at: from + 4, count: page.readUInt32BE(from) };
};
/** As the codec numbers them. */
export const laneNumber: Readonly<Record<Lane, number>> = { consumer: 0, industrial: 1 };
export const laneAt = (page: Buffer, at: number): number => page.readUInt8(payeeAt(page, at) + 40);
/** Where the payee that it names stands, or would stand. */
function namedAt(page: Buffer, at: number): number {
  const needs = payeeAt(page, at) + 49;
  const memo = needs + 4 + 32 * page.readUInt32BE(needs);
  return memo + 4 + page.readUInt32BE(memo);
}
/** Whether all fields behind the memo are those of a body of which nothing more is asked. */
export function isPlainAt(page: Buffer, at: number, end: number): boolean {
  const from = namedAt(page, at);
  return end - from === PLAIN_END.length && page.compare(PLAIN_END, 0, PLAIN_END.length, from, end) === 0;
}
/** The payee that it names, and the version of it. */
export function namedPayeeAt(page: Buffer, at: number): { readonly name: string; readonly version: number } | undefined {
  const payee = namedAt(page, at);
  if (page.readUInt8(payee) === 0) return undefined;
  const end = payee + 5 + page.readUInt32BE(payee + 1);
  return { name: page.toString('utf8', payee + 5, end), version: page.readUInt32BE(end) };
}
/** Milliseconds; exact, because the codec allows at most 2^53 − 1. */
export const notBeforeAt = (page: Buffer, at: number): number => Number(page.readBigUInt64BE(payeeAt(page, at) + 41));
