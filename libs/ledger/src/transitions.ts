/** The one place that changes a disbursement's status, and the lists, counts and deferred work that follow from it. */
import { NO_EDGE } from './edge-table.ts';
import type { Treasury } from './entities.ts';
import { BrokenInvariant } from './errors.ts';
import { SinceList } from './since-list.ts';
import { screenedFor } from './standing.ts';
import type { State } from './state.ts';
import { Status, stateOf } from './status.ts';

/** Which changes there are; everything else is a bug. Execution judges by the facts, so it may come before deferred work did. */
const HELD_BACK = [Status.funds, Status.limit, Status.screening];
const OVER = [Status.executed, Status.cancelled];
const OPEN = [Status.ready, ...HELD_BACK, ...OVER];
const allowed: Record<Status, ReadonlySet<Status>> = {
  [Status.voting]: new Set([...OPEN, Status.timelocked, Status.waiting, Status.dead]),
  [Status.timelocked]: new Set([...OPEN, Status.voting, Status.waiting, Status.dead]),
  [Status.waiting]: new Set([...OPEN, Status.voting, Status.dead]),
  [Status.ready]: new Set([...HELD_BACK, ...OVER, Status.voting]),
  [Status.funds]: new Set([...OPEN, Status.voting]),
  [Status.limit]: new Set([...OPEN, Status.voting]),
  [Status.screening]: new Set([...OPEN, Status.voting]),
  [Status.dead]: new Set([Status.cancelled]),
  [Status.executed]: new Set(),
  [Status.cancelled]: new Set(),
};

/** Counts one that was just admitted. */
export function admitted(s: State, n: number): void {
  const home = s.importOf(n);
  home.counts.voting += 1;
  home.treasury.counts.voting += 1;
  s.touchDisbursement(n);
}

/** @throws BrokenInvariant for a change that does not exist. */
export function enter(s: State, n: number, to: Status): void {
  const d = s.disbursements;
  const from = d.statusOf(n);
  if (!allowed[from].has(to)) throw new BrokenInvariant(`disbursement ${d.id(n)} cannot go from status ${from} to ${to}`);
  const home = s.importOf(n);
  const treasury = home.treasury;
  home.counts[stateOf(from)] -= 1;
  home.counts[stateOf(to)] += 1;
  treasury.counts[stateOf(from)] -= 1;
  treasury.counts[stateOf(to)] += 1;
  d.status[n] = to;
  // A dead one's dependents are served in the order in which they died, cancelled later or not.
  if (from !== Status.dead) {
    s.sequence += 1;
    d.since[n] = s.sequence;
  }
  if (from === Status.ready) readyList(s, treasury, d.shard[n] as number, d.lane(n)).left();
  if (from === Status.funds) treasury.funds.left();
  join(s, treasury, n, from, to);
  s.touchDisbursement(n);
}

function join(s: State, treasury: Treasury, n: number, from: Status, to: Status): void {
  const d = s.disbursements;
  const since = d.since[n] as number;
  if (to === Status.timelocked) s.due.push(n, d.notBefore(n));
  else if (to === Status.ready) readyList(s, treasury, d.shard[n] as number, d.lane(n)).push(n, since);
  else if (to === Status.funds) treasury.funds.push(n, since);
  else if (isOver(to) && from !== Status.dead && d.firstEdge[n] !== NO_EDGE) s.tasks.push({ kind: 'dependents', item: n });
}

const isOver = (status: Status): boolean => status === Status.executed || status === Status.cancelled || status === Status.dead;

export function readyList(s: State, treasury: Treasury, shard: number, lane: number): SinceList {
  const key = shard * 2 + lane;
  const known = treasury.ready.get(key);
  if (known) return known;
  const d = s.disbursements;
  const made = new SinceList((n, since) => d.status[n] === Status.ready && d.since[n] === since);
  treasury.ready.set(key, made);
  return made;
}

/** Where an approved one that is not over belongs, but for funds and limits, which are looked at when it is to be paid. */
export function queue(s: State, n: number): void {
  const to = placeOf(s, n);
  const from = s.disbursements.statusOf(n);
  if (from === to) return;
  enter(s, n, to);
  if (from === Status.ready) fundsReturned(s, s.importOf(n).treasury);
}
/** What got here has all that it depends on, whether deferred work has counted that yet or not. */
const PAST_DEPENDENCIES: ReadonlySet<Status> = new Set([Status.ready, ...HELD_BACK]);
function placeOf(s: State, n: number): Status {
  const d = s.disbursements;
  if (d.notBefore(n) > s.time) return Status.timelocked;
  if (d.waiting[n] !== 0 && !PAST_DEPENDENCIES.has(d.statusOf(n))) return Status.waiting;
  return screenedFor(s, n) ? Status.screening : Status.ready;
}

/** Its approvals do not count any more: it waits for others. */
export function withdraw(s: State, n: number): void {
  const wasReady = s.disbursements.status[n] === Status.ready;
  enter(s, n, Status.voting);
  if (wasReady) fundsReturned(s, s.importOf(n).treasury);
}

/** The treasury's account was credited: what waits for funds may go on. */
export function fundsRose(s: State, treasury: Treasury): void {
  if (treasury.wake) treasury.wakeAgain = true;
  else if (treasury.funds.size > 0) startWake(s, treasury);
  else return;
  s.touchTreasury(treasury);
}

/** What a walk gave away is not used: cancelled, or somebody else was paid before. Whoever was passed over for it may go on. */
export function fundsReturned(s: State, treasury: Treasury): void {
  if (treasury.passedOver) fundsRose(s, treasury);
}

export function startWake(s: State, treasury: Treasury): void {
  s.sequence += 1;
  treasury.wake = { since: s.sequence, after: 0, left: undefined, gave: false };
  treasury.passedOver = false;
  s.tasks.push({ kind: 'wake', treasury });
  s.touchTreasury(treasury);
}
