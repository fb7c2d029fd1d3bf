/** What the reference and the ledger are both told: names, plans, and rules to choose among. */

export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type Name = (typeof NAMES)[number];
/** A body as the model sees it. */
export interface Plan {
  readonly name: Name;
  readonly to: number;
  readonly amount: number;
  readonly notBefore: number;
  readonly needs: readonly Name[];
  readonly revision: number;
  /** Made out to this version of the payee; its account goes with the version. */
  readonly payee: number | undefined;
}
/** The account of the payee in its version. */
export const accountOf = (version: number): number => 1 + (version % 3);
/** Approvals that an amount needs: of ann and bob, and of cyd. */
export type Bands = readonly { readonly upTo: number; readonly needs: readonly [number, number] }[];
const ALL = Number.POSITIVE_INFINITY;
export const BANDS: Readonly<Record<'usual' | 'strict' | 'lax', Bands>> = {
  usual: [
    { upTo: 2_000, needs: [1, 0] },
    { upTo: 9_000, needs: [2, 0] },
    { upTo: ALL, needs: [1, 1] },
  ],
  strict: [{ upTo: ALL, needs: [2, 1] }],
  lax: [{ upTo: ALL, needs: [1, 0] }],
};
export interface LimitModel {
  readonly perPayment: number;
  readonly windows: readonly { readonly lengthMs: number; readonly most: number; readonly scope: 'treasury' | 'payee' }[];
}
/** So wide that want of funds decides, so narrow that limits do, and the same windows with more room. */
export const LIMITS: Readonly<Record<'wide' | 'narrow' | 'roomy', LimitModel>> = {
  wide: { perPayment: 40_000, windows: [] },
  narrow: {
    perPayment: 9_000,
    windows: [
      { lengthMs: 6_400, most: 9_000, scope: 'treasury' },
      { lengthMs: 12_800, most: 9_000, scope: 'payee' },
    ],
  },
  roomy: { perPayment: 40_000, windows: [{ lengthMs: 6_400, most: 20_000, scope: 'treasury' }] },
};
