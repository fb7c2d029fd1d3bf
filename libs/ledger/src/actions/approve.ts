import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import { approvedBands } from '../approvals.ts';
import { startActivation } from '../deferred-work.ts';
import type { State } from '../state.ts';

/** One approver's signature over a whole import; whatever has enough of them then is queued (deferred work). */
export function approve(s: State, signer: Hex32, a: ActionOf<'approve'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.approverRole.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (!imported || imported.state === 'refused') return 'ImportUnknown';
  if (imported.state === 'open') return 'ImportIncomplete';
  if (imported.proposer === signer) return 'OwnImport';
  if (imported.approvals.has(signer)) return 'AlreadyApproved';
  imported.approvals.add(signer);
  s.touchImport(imported);
  const before = imported.approvedBands & imported.bands;
  imported.approvedBands = approvedBands(imported);
  const now = imported.approvedBands & imported.bands;
  if (now !== before) startActivation(s, imported);
  if (now === imported.bands) imported.state = 'approved';
  return undefined;
}
