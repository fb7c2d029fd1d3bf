/** Bounds on what a treasury pays (docs/treasury.md, "Limits"). */
import type { Decoded } from './codec.ts';
import { list, struct, u64, uint, word } from './codecs.ts';
import { MAX_AMOUNT } from './money.ts';

export const paymentLimits = struct({
  /** Largest payment, base units. */
  perPayment: u64,
  windows: list(
    struct({
      /** Milliseconds of ledger time that the window looks back. */
      lengthMs: uint,
      /** Base units that may be paid within it. */
      most: u64,
      /** By the treasury as a whole, or to any one account. */
      scope: word('treasury', 'payee'),
    }),
    8,
  ),
});
export type PaymentLimits = Decoded<typeof paymentLimits>;

export const NO_LIMITS: PaymentLimits = { perPayment: MAX_AMOUNT, windows: [] };
/** A window shorter than this is no limit, and one longer than that is none that anybody plans by. */
export const WINDOW_MS = { least: 1_000, most: 366 * 86_400_000 } as const;

/** What contradicts itself in limits, a sentence each. */
export function* limitProblems({ perPayment, windows }: PaymentLimits): Generator<string> {
  if (perPayment === 0n) yield 'perPayment allows no payment at all';
  for (const [i, { lengthMs, most }] of windows.entries()) {
    if (lengthMs < WINDOW_MS.least || lengthMs > WINDOW_MS.most)
      yield `window ${i + 1} must be from ${WINDOW_MS.least} ms to ${WINDOW_MS.most} ms long`;
    if (most === 0n) yield `window ${i + 1} allows no payment at all`;
  }
}
