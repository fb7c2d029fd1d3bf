/** Approval by role and amount band, under the policy in force: evaluated anew whenever approvals or the policy change. */
import { approvalsByRole, bandOf, type Hex32, suffices } from '@bursar/protocol';
import type { Import, Treasury } from './entities.ts';

/** Bits of the bands that these keys approve together. */
function bandsApprovedBy({ rules }: Treasury, approvals: Iterable<Hex32>): number {
  const { approval } = rules.policy;
  const given = approvalsByRole(approval, rules.approverRole, approvals);
  return approval.bands.reduce((all, { needs }, i) => (suffices(needs, given) ? all | (1 << i) : all), 0);
}

const bandBit = ({ rules }: Treasury, amount: bigint): number => 1 << bandOf(rules.policy.approval, amount);

/** Whether these keys together approve a payment of this amount. */
export const suffice = (t: Treasury, approvals: Iterable<Hex32>, amount: bigint): boolean =>
  (bandsApprovedBy(t, approvals) & bandBit(t, amount)) !== 0;

/** Bits of the bands of an import that have enough approvals; remembered, because every payment asks. */
export function bandsApproved(i: Import): number {
  const { version } = i.treasury.rules;
  if (i.approved?.version !== version) i.approved = { version, bands: bandsApprovedBy(i.treasury, i.approvals) };
  return i.approved.bands;
}

export const isApproved = (i: Import, amount: bigint): boolean => (bandsApproved(i) & bandBit(i.treasury, amount)) !== 0;

/** Places of the first and the last band in which its amounts lie. */
export function bandRange({ treasury, least, most }: Import): readonly [number, number] {
  const { approval } = treasury.rules.policy;
  return [bandOf(approval, least), bandOf(approval, most)];
}

/** Whether each of its items has enough approvals, whatever its amount. */
export function isWhollyApproved(i: Import): boolean {
  const [first, last] = bandRange(i);
  const { bands } = i.treasury.rules.policy.approval;
  return bands.slice(first, last + 1).every(({ upTo }) => isApproved(i, upTo));
}
