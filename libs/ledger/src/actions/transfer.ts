import type { ActionOf, RejectionName } from '@bursar/protocol';
import type { Account } from '../entities.ts';
import type { State } from '../state.ts';
import { fundsRose } from '../transitions.ts';

export function transfer(s: State, from: Account, a: ActionOf<'transfer'>): RejectionName | undefined {
  if (a.amount === 0n) return 'AmountInvalid';
  if (from.balance < a.amount) return 'InsufficientFunds';
  s.books.move(from, s.books.open(a.to), a.amount);
  const treasury = s.treasuryByAccount.get(a.to);
  if (treasury) fundsRose(s, treasury);
  return undefined;
}
