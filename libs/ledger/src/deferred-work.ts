/** Work that one transaction causes for many disbursements, done a bounded number of steps a block, in the order of its causes. */
import { isApproved } from './approvals.ts';
import { NO_EDGE } from './edge-table.ts';
import type { Import, Treasury } from './entities.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { enter, queue, startWake } from './transitions.ts';

/** Opens the time-locks that ledger time has reached, and queues again what a window may have room for by this time, as far as the budget goes. */
export function openTimeLocks(s: State): void {
  while (s.budget > 0) {
    const n = s.due.pop(s.time);
    if (n === undefined) return;
    s.budget -= 1;
    const status = s.disbursements.statusOf(n);
    if (status === Status.timelocked || status === Status.limit) queue(s, n);
  }
}

export function runTasks(s: State): void {
  while (s.budget > 0) {
    const task = s.tasks.first();
    if (task === undefined) return;
    if (!step(s, task)) return;
    s.tasks.shift();
  }
}

/** True when the task is done; false when the budget ended first. */
function step(s: State, task: NonNullable<ReturnType<State['tasks']['first']>>): boolean {
  switch (task.kind) {
    case 'dependents':
      return serveDependents(s, task.item);
    case 'activate':
      return activate(s, task.import);
    case 'wake':
      return wake(s, task.treasury);
  }
}

function serveDependents(s: State, n: number): boolean {
  const d = s.disbursements;
  const paid = d.status[n] === Status.executed;
  s.touchDisbursement(n);
  for (let edge = d.firstEdge[n] as number; edge !== NO_EDGE; edge = s.edges.next(edge)) {
    d.firstEdge[n] = edge;
    if (s.budget === 0) return false;
    s.budget -= 1;
    (d.released[n] as number) += 1;
    if (paid) release(s, s.edges.dependent(edge));
    else bury(s, s.edges.dependent(edge));
  }
  d.firstEdge[n] = NO_EDGE;
  d.lastEdge[n] = NO_EDGE;
  return true;
}

function release(s: State, n: number): void {
  const d = s.disbursements;
  (d.waiting[n] as number) -= 1;
  s.touchDisbursement(n);
  if (d.waiting[n] === 0 && d.status[n] === Status.waiting) queue(s, n);
}

/** A dependency can never be executed: neither can this one. */
export function bury(s: State, n: number): void {
  const status = s.disbursements.statusOf(n);
  if (status === Status.voting || status === Status.timelocked || status === Status.waiting) enter(s, n, Status.dead);
}

/** From the first item on, also when an earlier walk is under way: more bands are approved now. */
export function startActivation(s: State, imported: Import): void {
  if (imported.activated === imported.items.length) {
    s.sequence += 1;
    imported.since = s.sequence;
    s.tasks.push({ kind: 'activate', import: imported });
  }
  imported.activated = 0;
}

function activate(s: State, imported: Import): boolean {
  const d = s.disbursements;
  s.touchImport(imported);
  for (; imported.activated < imported.items.length; imported.activated += 1) {
    if (s.budget === 0) return false;
    s.budget -= 1;
    const n = imported.items[imported.activated] as number;
    if (d.status[n] !== Status.voting || !isApproved(imported, d.amount(n))) continue;
    if (d.import[n] !== imported.number) adopt(s, n, imported);
    queue(s, n);
  }
  return true;
}

/** An earlier import brought the same body and was never approved; this one is, over the same body hash: it belongs here now. */
function adopt(s: State, n: number, imported: Import): void {
  const before = s.importOf(n);
  before.counts.voting -= 1;
  imported.counts.voting += 1;
  s.disbursements.import[n] = imported.number;
  s.disbursements.index[n] = imported.activated;
  s.touchDisbursement(n);
}

/** Gives items back to the ready lists in order, as far as the balance goes; one that is too large lets the next ones pass. */
function wake(s: State, treasury: Treasury): boolean {
  const d = s.disbursements;
  const walk = treasury.wake;
  if (!walk) return true;
  let left = walk.left ?? s.books.open(treasury.account).balance;
  const chosen: number[] = [];
  let ended = true;
  treasury.funds.after(walk.after, (n, since) => {
    if (s.budget === 0 || left === 0n) {
      ended = left === 0n;
      return false;
    }
    s.budget -= 1;
    walk.after = since;
    const amount = d.amount(n);
    if (amount <= left) {
      left -= amount;
      chosen.push(n);
    }
    return true;
  });
  walk.left = left;
  walk.gave ||= chosen.length > 0;
  for (const n of chosen) enter(s, n, Status.ready);
  s.touchTreasury(treasury);
  if (!ended) return false;
  treasury.wake = undefined;
  treasury.passedOver = walk.gave && treasury.funds.size > 0;
  if (treasury.wakeAgain) {
    treasury.wakeAgain = false;
    if (treasury.funds.size > 0) startWake(s, treasury);
  }
  return true;
}
