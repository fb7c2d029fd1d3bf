/** The sequential object that a ledger must be like: accounts with balances, and how many transactions each has used up. */
import type { Model } from './checker.ts';

export type BankInput =
  | { readonly kind: 'transfer'; readonly from: number; readonly to: number; readonly amount: number }
  | { readonly kind: 'read'; readonly account: number };
export type BankOutput =
  | { readonly kind: 'done' }
  /** Refused by the ledger for want of funds: that uses up a nonce as well. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'account'; readonly balance: number; readonly nonce: number };
/** By account: balance and nonce. */
export type Bank = readonly (readonly [balance: number, nonce: number])[];

export const bank = (initial: Bank): Model<Bank, BankInput, BankOutput> => ({
  initial,
  key: (state) => state.join(';'),
  step(state, input, output) {
    if (input.kind === 'read') {
      const [balance, nonce] = state[input.account] ?? [0, 0];
      const isRight = output === undefined || (output.kind === 'account' && output.balance === balance && output.nonce === nonce);
      return isRight ? [state] : [];
    }
    const [balance, nonce] = state[input.from] ?? [0, 0];
    const has = balance >= input.amount;
    const after = state.map(([b, n], i): readonly [number, number] => [
      b + (has && i === input.to ? input.amount : 0) - (has && i === input.from ? input.amount : 0),
      i === input.from ? nonce + 1 : n,
    ]);
    // Nobody learnt what became of it: it was executed here, or will be later, or never is.
    if (output === undefined) return [after, state];
    return (output.kind === 'done' && has) || (output.kind === 'refused' && !has) ? [after] : [];
  },
});
