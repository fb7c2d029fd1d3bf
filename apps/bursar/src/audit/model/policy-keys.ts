/** The keys of a policy. */
import type { Hex32, TreasuryPolicy } from '@bursar/protocol';

/** Everybody whom it names. */
export const keysOf = (p: TreasuryPolicy): Hex32[] => [
  ...p.proposers,
  ...p.approval.roles.flatMap((r) => r.keys),
  ...p.guardians,
  ...p.executors,
];
