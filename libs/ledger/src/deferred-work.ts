/** Work that one transaction causes for many disbursements, done a bounded number of steps a block, in the order of its causes. */
import { isApproved, isWhollyApproved } from './approvals.ts';
import { holdsBodyOf, moveTo } from './bodies.ts';
import { NO_EDGE } from './edge-table.ts';
import type { Import, Treasury } from './entities.ts';
import { limitedUntil, screenedFor, waitForRoom } from './standing.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { enter, queue, startWake, withdraw } from './transitions.ts';

/** Opens the time-locks that ledger time has reached, and queues again what a window may have room for by this time, as far as the budget goes. */
export function openTimeLocks(s: State): void {
  while (s.budget > 0) {
    const due = s.due.pop(s.time);
    if (due === undefined) return;
    s.budget -= 1;
    const { item: n, time } = due;
    const isForRoom = s.roomLooks.get(n) === time;
    if (isForRoom) s.roomLooks.delete(n);
    const status = s.disbursements.statusOf(n);
    if (status === Status.timelocked) queue(s, n);
    else if (status === Status.limit && isForRoom) tryAgain(s, n);
  }
}

/** Others may have used the room up, or a change of the limits taken it away. */
function tryAgain(s: State, n: number): void {
  if (limitedUntil(s, n) > s.time && !screenedFor(s, n)) waitForRoom(s, n);
  else queue(s, n);
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
    case 'review':
      return review(s, task.treasury);
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

/** From the first item on, also when an earlier walk is under way: what has enough approvals is another now. */
export function startActivation(s: State, imported: Import): void {
  if (imported.activated === imported.items.length) {
    s.sequence += 1;
    imported.since = s.sequence;
    s.tasks.push({ kind: 'activate', import: imported });
  }
  imported.activated = 0;
}

function activate(s: State, imported: Import): boolean {
  s.touchImport(imported);
  for (; imported.activated < imported.items.length; imported.activated += 1) {
    if (s.budget === 0) return false;
    s.budget -= 1;
    const n = imported.items[imported.activated] as number;
    sort(s, n, imported);
  }
  return true;
}

/** Puts an item where its approvals, its payee and the limits want it now. */
function sort(s: State, n: number, imported: Import): void {
  const d = s.disbursements;
  const status = d.statusOf(n);
  if (status === Status.executed || status === Status.cancelled || status === Status.dead) return;
  if (!isApproved(imported, d.amount(n))) {
    if (d.import[n] === imported.number && status !== Status.voting) withdraw(s, n);
    return;
  }
  if (d.import[n] !== imported.number) {
    // Another import brought the same body; it belongs to the one whose approvals count.
    const home = s.importOf(n);
    if (isApproved(home, d.amount(n)) || !holdsBodyOf(s, n, imported)) return;
    home.elsewhere += 1;
    imported.elsewhere -= 1;
    moveTo(s, n, imported, imported.activated);
  }
  if (status === Status.limit) tryAgain(s, n);
  else if (status !== Status.funds || screenedFor(s, n)) queue(s, n);
}

/** After a change of a treasury: all of its imports are looked through, from the first on. */
export function startReview(s: State, treasury: Treasury): void {
  if (!treasury.review) {
    s.sequence += 1;
    s.tasks.push({ kind: 'review', treasury });
    treasury.review = { since: s.sequence, next: 0 };
  }
  treasury.review.next = 0;
  s.touchTreasury(treasury);
}

function review(s: State, treasury: Treasury): boolean {
  const walk = treasury.review;
  if (!walk) return true;
  s.touchTreasury(treasury);
  for (; walk.next < s.imports.length; walk.next += 1) {
    if (s.budget === 0) return false;
    s.budget -= 1;
    const imported = s.imports[walk.next] as Import;
    if (imported.treasury !== treasury || (imported.state !== 'sealed' && imported.state !== 'approved')) continue;
    const { voting, queued, timelocked, blocked } = imported.counts;
    if (voting + queued + timelocked + blocked + imported.elsewhere === 0) continue; // nothing of it is left
    imported.state = isWhollyApproved(imported) ? 'approved' : 'sealed';
    s.touchImport(imported);
    startActivation(s, imported);
  }
  treasury.review = undefined;
  return true;
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
