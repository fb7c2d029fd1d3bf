/** Who approves how much in a treasury (docs/treasury.md, "Approval"). Pure: ledger, verifier and command line judge by it alike. */
import type { Decoded } from './codec.ts';
import { hex32, list, struct, text, u8, u64 } from './codecs.ts';
import type { Hex32 } from './hex.ts';
import { MAX_AMOUNT } from './money.ts';

const ROLES = 8;
const BANDS = 16;
const KEYS = 64;

export const approvalPolicy = struct({
  /** A key has one role. */
  roles: list(struct({ name: text(32), keys: list(hex32, KEYS) }), ROLES),
  /** Ascending; the last covers every amount. */
  bands: list(
    struct({
      /** Largest amount that it covers, base units; the smallest is one above the band before it. */
      upTo: u64,
      /** Approvals that are needed of each role, in the order of the roles. */
      needs: list(u8, ROLES),
    }),
    BANDS,
  ),
});
export type ApprovalPolicy = Decoded<typeof approvalPolicy>;

/** So many of these keys approve whatever the amount is. */
export const mOfN = (keys: readonly Hex32[], m: number): ApprovalPolicy => ({
  roles: [{ name: 'approver', keys: [...keys] }],
  bands: [{ upTo: MAX_AMOUNT, needs: [m] }],
});

/** Place of the band that covers an amount of the ledger. */
export const bandOf = ({ bands }: ApprovalPolicy, amount: bigint): number => bands.findIndex((b) => amount <= b.upTo);

/** Place of each approver's role. */
export function rolesByKey({ roles }: ApprovalPolicy): Map<Hex32, number> {
  return new Map(roles.flatMap(({ keys }, role) => keys.map((key) => [key, role] as const)));
}

/** Approvals of each role, in the order of the roles; keys without a role count nowhere. */
export function approvalsByRole(policy: ApprovalPolicy, roleOf: ReadonlyMap<Hex32, number>, approvals: Iterable<Hex32>): number[] {
  const given = policy.roles.map(() => 0);
  for (const key of approvals) {
    const role = roleOf.get(key);
    if (role !== undefined) (given[role] as number) += 1;
  }
  return given;
}

/** Whether so many approvals of each role suffice for a band. */
export const suffices = (needs: readonly number[], given: readonly number[]): boolean =>
  needs.every((needed, role) => (given[role] ?? 0) >= needed);

/** What contradicts itself in a policy, a sentence each. */
export function* approvalProblems({ roles, bands }: ApprovalPolicy): Generator<string> {
  const names = roles.map((r) => r.name);
  if (new Set(names).size < names.length) yield 'two roles have one name';
  const keys = roles.flatMap((r) => r.keys);
  if (new Set(keys).size < keys.length) yield 'an approver stands twice among the roles';
  if (bands.at(-1)?.upTo !== MAX_AMOUNT) yield 'the last band must cover every amount';
  for (const [i, { upTo, needs }] of bands.entries()) {
    const name = `band ${i + 1}`;
    if (upTo <= (bands[i - 1]?.upTo ?? 0n)) yield `${name} must reach further than the one before`;
    if (needs.length !== roles.length) yield `${name} must say what it needs of each role`;
    if (!needs.some((n) => n > 0)) yield `${name} needs no approval: a threshold is at least 1`;
    for (const [role, needed] of needs.entries())
      if (needed > (roles[role]?.keys.length ?? 0)) yield `${name} needs a threshold of ${needed} that role ${names[role]} cannot reach`;
  }
}
