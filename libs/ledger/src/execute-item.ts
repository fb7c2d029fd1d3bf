/** Step 6 of ExecuteBatch for one item (docs/treasury.md): judged by the facts of this moment, never by what deferred work has reached. */
import type { Hex32, Lane, RejectionName } from '@bursar/protocol';
import { isApproved } from './approvals.ts';
import { laneNumber } from './body-layout.ts';
import type { Execution, Treasury } from './entities.ts';
import { dependenciesExecuted, limitedUntil, screenedFor, waitForRoom } from './standing.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { enter, fundsReturned, fundsRose, withdraw } from './transitions.ts';

const MAX_ATTEMPTS = 0xffff;

/** The batch that the item stands in. */
export interface ExecutionContext {
  readonly signer: Hex32;
  readonly shard: number;
  readonly lane: Lane;
  readonly execution: Execution;
}

/** The canonical item stands in `items` at `at`. @returns the number of the disbursement that was paid, or why not */
export function executeItem(s: State, items: Uint8Array, at: number, context: ExecutionContext): number | RejectionName {
  const n = s.disbursements.findAt(items, at);
  if (n === undefined) return 'UnknownDisbursement';
  const over = judgeIdentity(s, n, items, at, context);
  if (over) return over;
  const held = judgeNow(s, n);
  if (held === undefined) {
    pay(s, n, context.execution);
    return n;
  }
  const d = s.disbursements;
  if ((d.attempts[n] as number) < MAX_ATTEMPTS) (d.attempts[n] as number) += 1;
  const status = d.statusOf(n);
  if (held === 'NotApproved' && status !== Status.voting && status !== Status.dead) withdraw(s, n);
  else if (held === 'Held' || held === 'PayeeChanged') leaveReady(s, n, Status.screening);
  else if (held === 'InsufficientFunds') leaveReady(s, n, Status.funds);
  else if (held === 'OverLimit' && leaveReady(s, n, Status.limit)) {
    waitForRoom(s, n);
  }
  s.touchDisbursement(n);
  return held;
}

/** Nobody asks for it again before it may be paid; what the balance had for it is there for others. False: it had left before. */
function leaveReady(s: State, n: number, to: Status): boolean {
  if (s.disbursements.status[n] === to) return false;
  enter(s, n, to);
  fundsReturned(s, s.importOf(n).treasury);
  return true;
}

/** The id has 32 bytes, the body hash follows. */
const BODY_HASH = 32;

function judgeIdentity(
  s: State,
  n: number,
  items: Uint8Array,
  at: number,
  { signer, shard, lane }: ExecutionContext,
): RejectionName | undefined {
  const d = s.disbursements;
  if (d.status[n] === Status.executed) return 'AlreadyExecuted';
  if (d.status[n] === Status.cancelled) return 'AlreadyCancelled';
  if (!d.hasBodyHash(n, items, at + BODY_HASH)) return 'BodyStale';
  if (d.shard[n] !== shard || d.lane(n) !== laneNumber[lane]) return 'WrongShard'; // the lease is over its own shard alone
  return s.importOf(n).treasury.rules.executors.has(signer) ? undefined : 'NotAuthorised';
}

function judgeNow(s: State, n: number): RejectionName | undefined {
  const d = s.disbursements;
  const home = s.importOf(n);
  if (!isApproved(home, d.amount(n))) return 'NotApproved';
  if (d.notBefore(n) > s.time) return 'NotDue';
  if (!dependenciesExecuted(s, n)) return 'BlockedByDependency';
  const screened = screenedFor(s, n);
  if (screened) return screened;
  if (limitedUntil(s, n) > s.time) return 'OverLimit';
  return s.books.open(home.treasury.account).balance < d.amount(n) ? 'InsufficientFunds' : undefined;
}

/** Debit, credit and record; the receipt is the caller's, before anything else happens: one transition. */
function pay(s: State, n: number, execution: Execution): void {
  const d = s.disbursements;
  const home = s.importOf(n);
  const treasury: Treasury = home.treasury;
  const amount = d.amount(n);
  const to = d.destination(n);
  s.books.move(s.books.open(treasury.account), s.books.open(to), amount);
  const credited = s.treasuryByAccount.get(to);
  if (credited) fundsRose(s, credited);
  d.execution[n] = execution.number + 1;
  enter(s, n, Status.executed);
  treasury.totalPaid += amount;
  for (const window of treasury.rules.windows) window.add(to, amount, s.time);
  s.touchTreasury(treasury);
  s.payments += 1;
}
