/** What a treasury changes only by approval and with a delay (docs/treasury.md, "Changes"). */
import type { Decoded } from './codec.ts';
import { hex32, optional, struct, text, union } from './codecs.ts';
import { treasuryPolicy } from './treasury-policy.ts';

/** Bytes of a payee's name and of its reference. */
export const PAYEE_TEXT = { name: 70, reference: 64 } as const;

export const payeeDetails = struct({
  /** How the payee is known outside, such as an IBAN: one reference, one payee. May be empty. */
  reference: text(PAYEE_TEXT.reference),
  account: hex32,
});
export type PayeeDetails = Decoded<typeof payeeDetails>;

export const change = union('change', {
  /** The whole policy anew, under the same name. */
  policy: [1, struct({ policy: treasuryPolicy })],
  /** Enters a payee or replaces its details; without details the payee is struck off. */
  payee: [2, struct({ name: text(PAYEE_TEXT.name), details: optional(payeeDetails) })],
});
export type Change = Decoded<typeof change>;
