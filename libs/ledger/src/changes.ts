/**
 * Changes of a treasury's policy and payees (docs/treasury.md, "Changes"): approved as its largest payments are, and in force only
 * after a delay in which any approver or guardian may stop them.
 */
import { MAX_AMOUNT } from '@bursar/protocol';
import { suffice } from './approvals.ts';
import { bounds } from './bounds.ts';
import { startReview } from './deferred-work.ts';
import type { Change, Payee, Treasury } from './entities.ts';
import { enforce, policyFaults, rulesOf } from './policy.ts';
import type { State } from './state.ts';

/** The version of what a change would replace; 0: a payee that was never entered. */
export const currentVersion = (t: Treasury, { change }: Pick<Change, 'change'>): number =>
  change.kind === 'policy' ? t.rules.version : (t.payees.get(change.name)?.version ?? 0);

/** Whether it could be put in force as things are. */
export function isSound(t: Treasury, { change }: Pick<Change, 'change'>): boolean {
  if (change.kind === 'policy') return change.policy.name === t.rules.policy.name && policyFaults(change.policy).next().done === true;
  const { name, details } = change;
  if (!details) return t.payees.get(name)?.details !== undefined;
  const other = details.reference === '' ? undefined : t.payeeByReference.get(details.reference);
  return name !== '' && (other === undefined || other === name);
}

export const isApprovedChange = ({ treasury, approvals }: Change): boolean => suffice(treasury, approvals, MAX_AMOUNT);

/** Ledger time from which it counts when it is approved now. */
export function effectiveAt({ treasury, change }: Change, time: number): number {
  const { policyMs, payeeMs } = treasury.rules.policy.delays;
  return time + (change.kind === 'policy' ? policyMs : payeeMs);
}

/** Moves it on; `time`: when it is looked at next, while it is open. */
export function moveChange(s: State, change: Change, state: Change['state'], time: number): void {
  change.state = state;
  change.time = time;
  s.touchChange(change);
  if (state === 'proposed' || state === 'approved') s.nextChangeAt = Math.min(s.nextChangeAt, time);
  else change.treasury.openChanges.delete(change);
}

/** Puts in force, or ends, what has come due; walks the open changes, `bounds.openChanges` a treasury. */
export function applyDueChanges(s: State): void {
  if (s.time < s.nextChangeAt) return;
  s.nextChangeAt = Number.POSITIVE_INFINITY;
  for (const treasury of s.treasuries.values()) {
    const due = [...treasury.openChanges].filter((c) => c.time <= s.time).sort((a, b) => a.time - b.time);
    for (const change of due) if (treasury.openChanges.has(change)) decide(s, change);
    for (const { time } of treasury.openChanges) s.nextChangeAt = Math.min(s.nextChangeAt, time);
  }
}

function decide(s: State, change: Change): void {
  const { treasury } = change;
  if (change.state === 'proposed') moveChange(s, change, 'expired', s.time);
  else if (treasury.paused)
    return; // guardians look into something: nothing changes until they resume
  else if (!isSound(treasury, change)) moveChange(s, change, 'overtaken', s.time);
  // Who may approve has changed meanwhile: it waits for approvals that count today.
  else if (!isApprovedChange(change)) moveChange(s, change, 'proposed', s.time + bounds.openChangeMs);
  else putInForce(s, change);
}

function putInForce(s: State, change: Change): void {
  const { treasury } = change;
  moveChange(s, change, 'effective', s.time);
  replace(s, change);
  for (const other of [...treasury.openChanges])
    if (other.version !== currentVersion(treasury, other)) moveChange(s, other, 'overtaken', s.time);
  startReview(s, treasury);
}

function replace(s: State, { treasury: t, version, change }: Change): void {
  if (change.kind === 'policy') {
    enforce(s, t, rulesOf(t.id, version + 1, change.policy, s.time, t.rules.windows));
    return;
  }
  const { name, details } = change;
  const payee = t.payees.get(name) ?? newPayee(s, t, name);
  if (payee.details) t.payeeByReference.delete(payee.details.reference);
  if (details && details.reference !== '') t.payeeByReference.set(details.reference, name);
  payee.version = version + 1;
  payee.details = details;
  s.touchPayee(payee);
}

function newPayee(s: State, treasury: Treasury, name: string): Payee {
  const made: Payee = { treasury, name, version: 0, details: undefined, slot: s.tree.newSlot(), dirty: false };
  treasury.payees.set(name, made);
  treasury.payeeList.push(made);
  return made;
}
