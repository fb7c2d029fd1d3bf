import { type Thresholds, thresholds, type ValidatorSet } from '@bursar/membership';
import { contradiction, type EvidenceKind, type Said, type Vote } from '@bursar/protocol';
import { type Choice, type Claim, choose } from './choose.ts';
import { type Memory, reportVotes, type VoteReport } from './report-votes.ts';

/**
 * The decisions on which agreement hangs, each a small pure function, so that the simulator can break one and show that a
 * fork follows. Everything that ships uses `standardRules`.
 */
export interface Rules extends Thresholds {
  /** What the leader of a new view must propose, given the ViewChanges that the NewView rests on. */
  choose(set: ValidatorSet, claims: readonly Claim[]): Choice | undefined;
  /** What a ViewChange of ours says. */
  reportVotes(memory: Memory): VoteReport;
  /** Whether a ViewChange counts at the open height. */
  countsViewChange(vote: Vote, openHeight: number): boolean;
  /** Whether two statements of one validator about one height are evidence (K6). */
  contradiction(a: Said, b: Said): EvidenceKind | undefined;
}

export const standardRules: Rules = {
  ...thresholds,
  choose,
  reportVotes,
  // Without the height in it, old ViewChanges mixed into a later height fork (docs/protocol.md "View change").
  countsViewChange: (vote, openHeight) => vote.height === openHeight,
  contradiction,
};
