import { stakeOf, type ValidatorSet } from '@bursar/membership';
import type { Digest } from '@bursar/protocol';

/** A block in a view. */
export interface Place {
  readonly view: number;
  readonly digest: Digest;
}

/** What one ViewChange of the set S says. */
export interface Claim {
  readonly validator: number;
  readonly lastVote: Place | undefined;
  /** View and digest of its PreparedCert, which was verified. */
  readonly prepared: Place | undefined;
}

/** The block that must be proposed again, and who claims to have it. */
export interface Choice {
  readonly digest: Digest;
  readonly claimants: readonly number[];
}

/**
 * The choice rule of the view change (K1, K2; docs/protocol.md "View change").
 *
 * Why nothing that may be final is lost. Let d be final at view v, and S of stake ≥ W − f name ViewChanges into a view above v.
 *
 * By Commits: their quorum shares more than f with S, so an honest member of S sent Commit(v, d) before its ViewChange and shows
 * PreparedCert(v, d): slowView ≥ v. Two quorums share an honest validator, so view v has no other PreparedCert; and by induction
 * over the views after v every proposal there was d, so every PreparedCert at or above v, and every honest lastVote above v,
 * is for d. A lastVote counts only strictly above slowView ≥ v, so another digest gathers at most the faulty stake f there, and
 * needs stake(S) − f ≥ W − 2f > f. Hence the answer is d. This breaks if ties prefer votes (a lastVote of view v itself may
 * be for a digest that lost view v), if slowView is ignored, or if the threshold is lower.
 *
 * By Prepares of all stake (the fast certificate): every honest member of S voted d in view v. If slowView < v, those whose
 * lastVote is d make up at least stake(S) − f, whatever view each is of (by induction a later honest vote is for d too): d is
 * mandatory. If slowView ≥ v, that PreparedCert is for d, as above. This breaks if the votes must share one view, or if any
 * PreparedCert beats newer votes.
 *
 * Unique: two digests would need 2(stake(S) − f) > stake(S) together, because stake(S) > 2f; a validator has one lastVote.
 *
 * @param claims one for each member of S, in ascending order of validator, so that everyone computes the same.
 * @returns undefined: the leader is free.
 */
export function choose(set: ValidatorSet, claims: readonly Claim[]): Choice | undefined {
  let slow: Place | undefined;
  for (const { prepared } of claims) if (prepared !== undefined && prepared.view > (slow?.view ?? -1)) slow = prepared;
  const slowView = slow?.view ?? -1;

  const stakes = new Map<Digest, bigint>();
  for (const { validator, lastVote } of claims) {
    if (lastVote === undefined || lastVote.view <= slowView) continue;
    stakes.set(lastVote.digest, (stakes.get(lastVote.digest) ?? 0n) + stakeOf(set, [validator]));
  }
  const threshold =
    stakeOf(
      set,
      claims.map((c) => c.validator),
    ) - set.faulty;
  for (const [digest, stake] of stakes) if (stake >= threshold) return { digest, claimants: claimantsOf(claims, digest) };
  return slow === undefined ? undefined : { digest: slow.digest, claimants: claimantsOf(claims, slow.digest) };
}

const claimantsOf = (claims: readonly Claim[], digest: Digest): number[] =>
  claims.filter((c) => c.lastVote?.digest === digest || c.prepared?.digest === digest).map((c) => c.validator);
