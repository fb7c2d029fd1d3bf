/** Step 6 of ExecuteBatch for one item (docs/treasury.md): judged by the facts of this moment, never by what deferred work has reached. */
import type { ExecuteItem, Hex32, Lane, PaymentReceipt, RejectionName } from '@bursar/protocol';
import { isApproved } from './approvals.ts';
import { laneNumber } from './body-layout.ts';
import type { Execution, Treasury } from './entities.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { enter, fundsReturned, fundsRose } from './transitions.ts';

const MAX_ATTEMPTS = 0xffff;

/** The batch that the item stands in. */
export interface ExecutionContext {
  readonly signer: Hex32;
  readonly shard: number;
  readonly lane: Lane;
  readonly execution: Execution;
  readonly leaseEpoch: bigint;
  readonly seq: bigint;
}

/** Pays, or says why not. */
export function executeItem(s: State, item: ExecuteItem, context: ExecutionContext): PaymentReceipt | RejectionName {
  const n = s.disbursements.find(item.id);
  if (n === undefined) return 'UnknownDisbursement';
  const over = judgeIdentity(s, n, item, context);
  if (over) return over;
  const held = judgeNow(s, n);
  if (held === undefined) return pay(s, n, item, context);
  const d = s.disbursements;
  if ((d.attempts[n] as number) < MAX_ATTEMPTS) (d.attempts[n] as number) += 1;
  if (held === 'InsufficientFunds') leaveReady(s, n, Status.funds);
  else if (held === 'OverLimit' && leaveReady(s, n, Status.limit)) {
    const until = limitedUntil(s, n);
    if (until < Number.POSITIVE_INFINITY) s.due.push(n, until);
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

/** Ledger time from which the limits may allow it; not after the present: they do now. */
function limitedUntil(s: State, n: number): number {
  const d = s.disbursements;
  const { policy, windows } = s.importOf(n).treasury;
  const amount = d.amount(n);
  if (amount > policy.limits.perPayment) return Number.POSITIVE_INFINITY;
  if (windows.length === 0) return s.time;
  const to = d.destination(n);
  return Math.max(...windows.map((w) => w.roomAt(to, amount, s.time)));
}

function judgeIdentity(s: State, n: number, item: ExecuteItem, { signer, shard, lane }: ExecutionContext): RejectionName | undefined {
  const d = s.disbursements;
  if (d.status[n] === Status.executed) return 'AlreadyExecuted';
  if (d.status[n] === Status.cancelled) return 'AlreadyCancelled';
  if (d.bodyHash(n) !== item.bodyHash) return 'BodyStale';
  if (d.shard[n] !== shard || d.lane(n) !== laneNumber[lane]) return 'WrongShard'; // the lease is over its own shard alone
  return s.importOf(n).treasury.executors.has(signer) ? undefined : 'NotAuthorised';
}

function judgeNow(s: State, n: number): RejectionName | undefined {
  const d = s.disbursements;
  const home = s.importOf(n);
  if (!isApproved(home, d.amount(n))) return 'NotApproved';
  if (d.notBefore(n) > s.time) return 'NotDue';
  if (!dependenciesExecuted(s, n)) return 'BlockedByDependency';
  if (limitedUntil(s, n) > s.time) return 'OverLimit';
  return s.books.open(home.treasury.account).balance < d.amount(n) ? 'InsufficientFunds' : undefined;
}

/** `waiting` may lag behind: a dependent may follow its dependency in the same batch. */
function dependenciesExecuted(s: State, n: number): boolean {
  const d = s.disbursements;
  if (d.waiting[n] === 0) return true;
  if (d.status[n] === Status.dead) return false;
  return d.body(n).dependsOn.every((id) => d.status[d.find(id) as number] === Status.executed);
}

/** Debit, credit, receipt and record are one transition. */
function pay(s: State, n: number, item: ExecuteItem, { execution, leaseEpoch, seq }: ExecutionContext): PaymentReceipt {
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
  for (const window of treasury.windows) window.add(to, amount, s.time);
  s.touchTreasury(treasury);
  s.payments += 1;
  return {
    kind: 'payment',
    disbursement: item.id,
    bodyHash: item.bodyHash,
    import: home.digest,
    from: treasury.account,
    to,
    amount,
    height: s.height,
    time: s.time,
    transaction: execution.transaction,
    leaseEpoch,
    seq,
    attempt: item.attempt,
  };
}
