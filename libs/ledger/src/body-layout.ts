/**
 * Reads single fields out of a canonical disbursement body without decoding all of it (the codec `disbursementBody`):
 * treasury 32 ‖ u32 + client key ‖ destination 32 ‖ amount u64 ‖ lane u8 ‖ notBefore u64 ‖ …
 */
import type { Lane } from '@bursar/protocol';

const KEY_LENGTH = 32;
const KEY = 36;

/** Where the destination stands. */
export const payeeAt = (page: Buffer, at: number): number => at + KEY + page.readUInt32BE(at + KEY_LENGTH);

export const destinationAt = (page: Buffer, at: number): string => {
  const from = payeeAt(page, at);
  return page.toString('hex', from, from + 32);
};
export const amountAt = (page: Buffer, at: number): bigint => page.readBigUInt64BE(payeeAt(page, at) + 32);
/** As the codec numbers them. */
export const laneNumber: Readonly<Record<Lane, number>> = { consumer: 0, industrial: 1 };
export const laneAt = (page: Buffer, at: number): number => page.readUInt8(payeeAt(page, at) + 40);
/** Milliseconds; exact, because the codec allows at most 2^53 − 1. */
export const notBeforeAt = (page: Buffer, at: number): number => Number(page.readBigUInt64BE(payeeAt(page, at) + 41));
