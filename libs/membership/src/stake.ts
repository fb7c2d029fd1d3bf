import type { ValidatorSet } from './validator-set.ts';

/** Stake of these validators together, base units; an index outside the set counts nothing. The caller gives each at most once. */
export function stakeOf(set: ValidatorSet, indices: Iterable<number>): bigint {
  let sum = 0n;
  for (const i of indices) sum += set.validators[i]?.stake ?? 0n;
  return sum;
}

/** Whether this much stake decides (K1): any two quorums share more than f, hence an honest validator. */
export const isQuorum = (set: ValidatorSet, stake: bigint): boolean => stake >= set.quorum;

/** Whether this is all stake (K2): what so many prepared is final at once. With less, two blocks can become final. */
export const isAll = (set: ValidatorSet, stake: bigint): boolean => stake >= set.total;

/** How much stake a certificate needs: a `fast` one all of it, every other a quorum. */
export interface Thresholds {
  isQuorum(set: ValidatorSet, stake: bigint): boolean;
  isAll(set: ValidatorSet, stake: bigint): boolean;
}
export const thresholds: Thresholds = { isQuorum, isAll };
