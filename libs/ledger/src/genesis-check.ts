import { isAcceptablePublicKey } from '@bursar/crypto';
import {
  approvalProblems,
  BadGenesis,
  fromHex,
  type Genesis,
  type GenesisTreasury,
  type Hex32,
  limitProblems,
  MAX_AMOUNT,
} from '@bursar/protocol';

/** What the ledger relies on and the form of a genesis cannot say. @throws BadGenesis with every problem. */
export function checkGenesis(genesis: Genesis): void {
  const problems: string[] = [];
  if (genesis.shards < 1) problems.push('shards must be at least 1');
  if (genesis.leaseMs < 1) problems.push('leaseMs must be at least 1');
  const supply = genesis.accounts.reduce((sum, a) => sum + a.balance, 0n);
  if (supply > MAX_AMOUNT) problems.push(`balances sum to ${supply}, more than 64 bits hold`);
  for (const id of doubles(genesis.accounts.map((a) => a.id))) problems.push(`account ${id} stands twice`);
  for (const name of doubles(genesis.treasuries.map((t) => t.name))) problems.push(`treasury ${name} stands twice`);
  for (const treasury of genesis.treasuries) checkTreasury(treasury, problems);
  if (problems.length > 0) throw new BadGenesis(problems);
}

function checkTreasury(t: GenesisTreasury, problems: string[]): void {
  const roles = {
    proposers: t.proposers,
    approvers: t.approval.roles.flatMap((r) => r.keys),
    guardians: t.guardians,
    executors: t.executors,
  };
  for (const [role, keys] of Object.entries(roles)) {
    for (const key of doubles(keys)) problems.push(`${t.name}: ${key} stands twice among the ${role}`);
    for (const key of keys)
      if (!isAcceptablePublicKey(fromHex(key))) problems.push(`${t.name}: ${key} of the ${role} is no usable public key`);
  }
  for (const problem of [...approvalProblems(t.approval), ...limitProblems(t.limits)]) problems.push(`${t.name}: ${problem}`);
  if (t.guardians.length > 0) checkThreshold(`${t.name}: guardianThreshold`, t.guardianThreshold, t.guardians, problems);
}

function checkThreshold(what: string, threshold: number, keys: readonly Hex32[], problems: string[]): void {
  if (threshold < 1 || threshold > keys.length) problems.push(`${what} must be from 1 to ${keys.length}`);
}

function doubles(values: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return [...twice];
}
