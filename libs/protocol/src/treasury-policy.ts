/** Who may do what in a treasury, how much, and how soon a change of it counts (docs/treasury.md, "Changes"). */
import { approvalPolicy, approvalProblems } from './approval-policy.ts';
import type { Decoded } from './codec.ts';
import { hex32, list, struct, text, u8, u32, uint } from './codecs.ts';
import { digestOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limitProblems, paymentLimits } from './payment-limits.ts';

export const treasuryPolicy = struct({
  name: text(64),
  /** Keys that may import, cancel and propose changes. */
  proposers: list(hex32, 64),
  approval: approvalPolicy,
  limits: paymentLimits,
  /** Any one may pause, hold and stop a change; `guardianThreshold` of them together resume. */
  guardians: list(hex32, 64),
  guardianThreshold: u8,
  executors: list(hex32, 64),
  /** Milliseconds of ledger time from the last approval that a change needs until it counts. */
  delays: struct({ policyMs: uint, payeeMs: uint }),
});
export type TreasuryPolicy = Decoded<typeof treasuryPolicy>;

/** A change counts at once. */
export const NO_DELAYS: TreasuryPolicy['delays'] = { policyMs: 0, payeeMs: 0 };

/** A change that waits longer than this is one that nobody waits for. */
export const MAX_DELAY_MS = 366 * 86_400_000;

/** A treasury's policy in its place among all that it had: `version` is 1 in the genesis and one more with each change. */
export const numberedPolicy = struct({ treasury: hex32, version: u32, policy: treasuryPolicy });
export type NumberedPolicy = Decoded<typeof numberedPolicy>;
/** Stands for a policy in receipts and in the state. */
export const policyDigest = (numbered: NumberedPolicy): Digest => digestOf('bursar/policy', numberedPolicy, numbered);

/** Somebody may propose a change that others can approve. */
function isChangeable({ proposers, approval: { roles, bands } }: TreasuryPolicy): boolean {
  const needs = bands.at(-1)?.needs ?? [];
  const without = (key: string) => roles.every((r, i) => r.keys.filter((k) => k !== key).length >= (needs[i] ?? 0));
  return [...proposers, ...roles.flatMap((r) => r.keys)].some(without);
}

/** What contradicts itself in a policy, a sentence each; whether a key is a usable one is not looked at. */
export function* policyProblems(p: TreasuryPolicy): Generator<string> {
  const sets = { proposers: p.proposers, guardians: p.guardians, executors: p.executors };
  for (const [name, keys] of Object.entries(sets)) if (new Set(keys).size < keys.length) yield `a key stands twice among the ${name}`;
  yield* approvalProblems(p.approval);
  yield* limitProblems(p.limits);
  if (p.guardians.length > 0 && (p.guardianThreshold < 1 || p.guardianThreshold > p.guardians.length))
    yield `guardianThreshold must be from 1 to ${p.guardians.length}`;
  if (!isChangeable(p))
    yield 'nobody could ever change it: a change needs who may propose it and, beside him, the approvals of the last band';
  if (Math.max(p.delays.policyMs, p.delays.payeeMs) > MAX_DELAY_MS) yield `a delay must be at most ${MAX_DELAY_MS} ms`;
}
