/** Approvals by role and band, and limits, as docs/treasury.md says them. */
import type { Hex32, RejectionName } from '@bursar/protocol';
import { RollingSum } from './rolling-sum.ts';
import type { ImportRecord, Item, Treasury, Window } from './world.ts';

export const isApprover = ({ policy }: Treasury, key: Hex32): boolean => policy.approval.roles.some((r) => r.keys.includes(key));

/** Whether these keys approve an amount together: of each role as many as the smallest band that covers it needs. */
export function sufficient({ policy }: Treasury, approvals: ReadonlySet<Hex32>, amount: bigint, proposer?: Hex32): boolean {
  const { roles, bands } = policy.approval;
  const band = bands.find((b) => amount <= b.upTo);
  const given = (keys: readonly Hex32[]) => keys.filter((k) => approvals.has(k) && k !== proposer).length;
  return band?.needs.every((needed, role) => given(roles[role]?.keys ?? []) >= needed) ?? false;
}

/** The imports by which it may be paid. */
export const approvedBy = (item: Item): ImportRecord[] =>
  item.imports.filter((i) => sufficient(i.treasury, i.approvals, item.amount, i.proposer));

function sumsOf(window: Window, to: Hex32) {
  const key = window.scope === 'payee' ? to : '';
  const known = window.sums.get(key);
  if (known) return known;
  // The ledger's window rolls in 64 steps: what fell into one counts until all of it is out.
  const long = window.lengthMs + Math.ceil(window.lengthMs / 64);
  const made = { exact: new RollingSum(window.lengthMs), long: new RollingSum(long) };
  window.sums.set(key, made);
  return made;
}

/** `must`: no ledger may pay it now; `may`: one that judges by steps may hold it back. */
export function overLimit(treasury: Treasury, { destination, amount }: Item, time: number): 'must' | 'may' | undefined {
  if (amount > treasury.policy.limits.perPayment) return 'must';
  const over = (which: 'exact' | 'long') => treasury.windows.some((w) => sumsOf(w, destination)[which].at(time) + amount > w.most);
  return over('exact') ? 'must' : over('long') ? 'may' : undefined;
}

export function countPaid(treasury: Treasury, { destination, amount }: Item, time: number): void {
  treasury.totalPaid += amount;
  for (const w of treasury.windows) for (const sum of Object.values(sumsOf(w, destination))) sum.add(time, amount);
}

/** Whether the payee that it names has this version and account now. */
export function isMadeOutRight({ payees }: Treasury, { payee, destination }: Pick<Item, 'payee' | 'destination'>): boolean {
  const known = payee && payees.get(payee.name);
  return !payee || (known?.version === payee.version && known.details?.account === destination);
}

/** Why an item may not be paid at this moment; undefined: it may. Judged in the order of docs/treasury.md. */
export function heldBack(
  item: Item,
  { time, treasury, balance, isPaid }: { time: number; treasury: Treasury; balance: bigint; isPaid: (id: string) => boolean },
): RejectionName | undefined {
  if (approvedBy(item).length === 0) return 'NotApproved';
  if (item.notBefore > time) return 'NotDue';
  if (!item.dependsOn.every(isPaid)) return 'BlockedByDependency';
  if (item.hold?.releases) return 'Held';
  if (item.payee && !isMadeOutRight(treasury, item)) return 'PayeeChanged';
  if (overLimit(treasury, item, time) === 'must') return 'OverLimit';
  return balance < item.amount ? 'InsufficientFunds' : undefined;
}
