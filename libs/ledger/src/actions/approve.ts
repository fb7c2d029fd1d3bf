import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import { isApproved } from '../approvals.ts';
import type { State } from '../state.ts';

/** One approver's signature over a whole import; the one that reaches the threshold queues its items (deferred work). */
export function approve(s: State, signer: Hex32, a: ActionOf<'approve'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.approvers.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (!imported || imported.state === 'refused') return 'ImportUnknown';
  if (imported.state === 'open') return 'ImportIncomplete';
  if (imported.approvals.has(signer)) return 'AlreadyApproved';
  imported.approvals.add(signer);
  s.touchImport(imported);
  if (imported.state === 'sealed' && isApproved(imported)) {
    imported.state = 'approved';
    s.sequence += 1;
    imported.since = s.sequence;
    s.tasks.push({ kind: 'activate', import: imported });
  }
  return undefined;
}
