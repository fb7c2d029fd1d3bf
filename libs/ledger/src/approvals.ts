import type { Import } from './entities.ts';

/** Policy, evaluated anew each time it matters: enough of those who may approve today have approved. */
export function isApproved(imported: Import): boolean {
  const { approvers, policy } = imported.treasury;
  if (imported.state !== 'approved' && imported.state !== 'sealed') return false;
  let count = 0;
  for (const key of imported.approvals) if (approvers.has(key)) count += 1;
  return count >= policy.threshold;
}
