/** Policies as the ledger keeps them. */
import { isAcceptablePublicKey } from '@bursar/crypto';
import { fromHex, type Hex32, policyDigest, policyProblems, rolesByKey, type TreasuryPolicy } from '@bursar/protocol';
import type { Rules, Treasury } from './entities.ts';
import { PaymentWindow } from './payment-window.ts';
import type { State } from './state.ts';

/** What contradicts itself in a policy, unusable keys included; a sentence each. */
export function* policyFaults(policy: TreasuryPolicy): Generator<string> {
  yield* policyProblems(policy);
  for (const key of keysOf(policy)) if (!isAcceptablePublicKey(fromHex(key))) yield `${key} is no usable public key`;
}

const keysOf = (p: TreasuryPolicy): Hex32[] => [...p.proposers, ...p.approval.roles.flatMap((r) => r.keys), ...p.guardians, ...p.executors];

/** A window of a length and scope that was there before goes on with its sums; another one begins to count at `time`. */
export function rulesOf(treasury: Hex32, version: number, policy: TreasuryPolicy, time: number, before: readonly PaymentWindow[]): Rules {
  const left = [...before];
  const windows = policy.limits.windows.map((limit) => {
    const at = left.findIndex((w) => w.lengthMs === limit.lengthMs && w.scope === limit.scope);
    return at < 0 ? new PaymentWindow(limit, time) : (left.splice(at, 1)[0] as PaymentWindow).allowing(limit.most);
  });
  return {
    version,
    policy,
    digest: policyDigest({ treasury, version, policy }),
    proposers: new Set(policy.proposers),
    approverRole: rolesByKey(policy.approval),
    guardians: new Set(policy.guardians),
    executors: new Set(policy.executors),
    windows,
  };
}

/** Puts rules in force; whoever they name has an account, and so a nonce. */
export function enforce(s: State, t: Treasury, rules: Rules): void {
  t.rules = rules;
  t.policies.set(rules.digest, { treasury: t.id, version: rules.version, policy: rules.policy });
  for (const key of keysOf(rules.policy)) s.books.open(key);
  s.touchTreasury(t);
}
