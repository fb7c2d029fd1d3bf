import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import { bandsApproved, isWhollyApproved } from '../approvals.ts';
import { startActivation } from '../deferred-work.ts';
import type { State } from '../state.ts';

/** One approver's signature over a whole import; whatever has enough of them then is queued (deferred work). */
export function approve(s: State, signer: Hex32, a: ActionOf<'approve'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.approverRole.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (!imported || imported.state === 'refused') return 'ImportUnknown';
  if (imported.state === 'open') return 'ImportIncomplete';
  if (imported.proposer === signer) return 'OwnProposal';
  if (imported.approvals.has(signer)) return 'AlreadyApproved';
  const before = bandsApproved(imported);
  imported.approvals.add(signer);
  imported.approved = undefined;
  s.touchImport(imported);
  if (bandsApproved(imported) !== before) startActivation(s, imported);
  if (isWhollyApproved(imported)) imported.state = 'approved';
  return undefined;
}
