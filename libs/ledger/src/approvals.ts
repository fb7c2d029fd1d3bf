/** Approval by role and amount band, evaluated anew whenever approvals change. */
import { approvalsByRole, bandOf, suffices } from '@bursar/protocol';
import type { Import } from './entities.ts';

/** Bits of the bands that have enough approvals of those who may approve today. */
export function approvedBands({ treasury, approvals }: Import): number {
  const { approval } = treasury.policy;
  const given = approvalsByRole(approval, treasury.approverRole, approvals);
  return bits(approval.bands.map(({ needs }) => suffices(needs, given)));
}

/** Bits of the bands in which these amounts lie. */
export function bandsOf({ treasury }: Import, amounts: Iterable<bigint>): number {
  const { approval } = treasury.policy;
  const found = approval.bands.map(() => false);
  for (const amount of amounts) found[bandOf(approval, amount)] = true;
  return bits(found);
}

const bits = (set: readonly boolean[]): number => set.reduce((all, one, i) => (one ? all | (1 << i) : all), 0);

export const isApproved = (i: Import, amount: bigint): boolean =>
  (i.approvedBands & (1 << bandOf(i.treasury.policy.approval, amount))) !== 0;
