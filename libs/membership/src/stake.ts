import type { ValidatorSet } from './validator-set.ts';

/** Stake of these validators together, base units; an index outside the set counts nothing. The caller gives each at most once. */
export function stakeOf(set: ValidatorSet, indices: Iterable<number>): bigint {
  let sum = 0n;
  for (const i of indices) sum += set.validators[i]?.stake ?? 0n;
  return sum;
}

/** Whether this much stake decides (K1): any two quorums share more than f, hence an honest validator. */
export const isQuorum = (set: ValidatorSet, stake: bigint): boolean => stake >= set.quorum;
