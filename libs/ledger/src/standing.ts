/** How a disbursement stands by the facts of this moment, whatever deferred work has reached. */
import type { RejectionName } from '@bursar/protocol';
import type { State } from './state.ts';
import { Status } from './status.ts';

/** `waiting` may lag behind: a dependent may follow its dependency in the same batch. */
export function dependenciesExecuted(s: State, n: number): boolean {
  const d = s.disbursements;
  if (d.waiting[n] === 0) return true;
  if (d.status[n] === Status.dead) return false;
  return d.body(n).dependsOn.every((id) => d.status[d.find(id) as number] === Status.executed);
}

/** Ledger time from which the limits may allow it; not after the present: they do now. */
export function limitedUntil(s: State, n: number): number {
  const d = s.disbursements;
  const { policy, windows } = s.importOf(n).treasury.rules;
  const amount = d.amount(n);
  if (amount > policy.limits.perPayment) return Number.POSITIVE_INFINITY;
  if (windows.length === 0) return s.time;
  const to = d.destination(n);
  return Math.max(...windows.map((w) => w.roomAt(to, amount, s.time)));
}

/** Looked at again when a window may have room, or before; never, where no window will. */
export function waitForRoom(s: State, n: number): void {
  const until = limitedUntil(s, n);
  if (until >= (s.roomLooks.get(n) ?? Number.POSITIVE_INFINITY)) return;
  s.roomLooks.set(n, until);
  s.due.push(n, until);
}

/** Why somebody must look at it before it is paid: it is held, or its payee is not what it was made out to. */
export function screenedFor(s: State, n: number): Extract<RejectionName, 'Held' | 'PayeeChanged'> | undefined {
  if (s.holds.size > 0 && s.holds.get(n)?.releases) return 'Held';
  const { payees } = s.importOf(n).treasury;
  if (payees.size === 0) return undefined;
  const named = s.disbursements.payee(n);
  if (!named) return undefined;
  const payee = payees.get(named.name);
  return payee?.details && payee.version === named.version ? undefined : 'PayeeChanged';
}
