import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import type { State } from '../state.ts';
import { Status } from '../status.ts';
import { enter, fundsReturned } from '../transitions.ts';

/** By the proposer of its import or by any approver. Against an execution the ledger's order decides, and the loser is told. */
export function cancel(s: State, signer: Hex32, a: ActionOf<'cancel'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  const n = s.disbursements.find(a.disbursement);
  if (n === undefined || s.importOf(n).treasury !== treasury) return 'UnknownDisbursement';
  if (s.importOf(n).proposer !== signer && !treasury.rules.approverRole.has(signer)) return 'NotAuthorised';
  const status = s.disbursements.statusOf(n);
  if (status === Status.executed) return 'AlreadyExecuted';
  if (status === Status.cancelled) return 'AlreadyCancelled';
  enter(s, n, Status.cancelled);
  if (status === Status.ready) fundsReturned(s, treasury);
  return undefined;
}
