import { toBitmap, type ValidatorSet } from '@bursar/membership';
import type { Certificate, Digest, SignedVote } from '@bursar/protocol';
import type { Rules } from './rules.ts';

/** Votes of one phase in one view: the first of each sender. */
export interface VoteSet {
  readonly votes: readonly (SignedVote | undefined)[];
  /** The digest that has a quorum. */
  readonly quorum: Digest | undefined;
  /** The digest that has all stake. */
  readonly all: Digest | undefined;
}
export interface Tally {
  readonly prepares: VoteSet;
  readonly commits: VoteSet;
}

const none: VoteSet = { votes: [], quorum: undefined, all: undefined };
export const emptyTally: Tally = { prepares: none, commits: none };

/** @returns 'duplicate' or 'conflict' when the sender's vote in this view and phase is there already; the first one counts. */
export function addVote(rules: Rules, set: ValidatorSet, to: VoteSet, vote: SignedVote): VoteSet | 'duplicate' | 'conflict' {
  const before = to.votes[vote.validator];
  const { digest } = vote.vote;
  if (before !== undefined) return before.vote.digest === digest ? 'duplicate' : 'conflict';
  const votes = to.votes.slice();
  while (votes.length < vote.validator) votes.push(undefined);
  votes[vote.validator] = vote;
  let stake = 0n;
  for (const v of votes) if (v?.vote.digest === digest) stake += set.validators[v.validator]?.stake ?? 0n;
  const { quorum = rules.isQuorum(set, stake) ? digest : undefined, all = rules.isAll(set, stake) ? digest : undefined } = to;
  return { votes, quorum, all };
}

/** Validators that voted for `digest`, ascending. */
export const votersOf = (from: VoteSet, digest: Digest): number[] =>
  from.votes.flatMap((v) => (v?.vote.digest === digest ? [v.validator] : []));

/** The certificate of a digest that has a quorum in `from`; all stake for a `fast` one. */
export function certificateOf(set: ValidatorSet, kind: Certificate['kind'], from: VoteSet, digest: Digest): Certificate {
  const voters = from.votes.filter((v): v is SignedVote => v?.vote.digest === digest);
  const { chain, epoch, height, view } = (voters[0] as SignedVote).vote;
  const signers = toBitmap(
    voters.map((v) => v.validator),
    set.validators.length,
  );
  return { kind, chain, epoch, height, view, digest, signers, signatures: voters.map((v) => v.signature) };
}
