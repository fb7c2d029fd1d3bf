import { BadGenesis, type Genesis, MAX_AMOUNT } from '@bursar/protocol';
import { policyFaults } from './policy.ts';

/** What the ledger relies on and the form of a genesis cannot say. @throws BadGenesis with every problem. */
export function checkGenesis(genesis: Genesis): void {
  const problems: string[] = [];
  if (genesis.shards < 1) problems.push('shards must be at least 1');
  if (genesis.leaseMs < 1) problems.push('leaseMs must be at least 1');
  const supply = genesis.accounts.reduce((sum, a) => sum + a.balance, 0n);
  if (supply > MAX_AMOUNT) problems.push(`balances sum to ${supply}, more than 64 bits hold`);
  for (const id of doubles(genesis.accounts.map((a) => a.id))) problems.push(`account ${id} stands twice`);
  for (const name of doubles(genesis.treasuries.map((t) => t.name))) problems.push(`treasury ${name} stands twice`);
  for (const t of genesis.treasuries) for (const fault of policyFaults(t)) problems.push(`${t.name}: ${fault}`);
  if (problems.length > 0) throw new BadGenesis(problems);
}

function doubles(values: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return [...twice];
}
