/** Prepares and Commits of the open height: the first of each sender, view and phase counts (K1). */
import type { MessageOf } from '@bursar/protocol';
import { type Admitted, isOffer } from './gate-quorum.ts';
import { addVote, emptyTally } from './tally.ts';
import type { Turn } from './turn.ts';

type VoteMessage = MessageOf<'pre-prepare'> | MessageOf<'prepare'> | MessageOf<'commit'>;

/** Counts a vote of ours, or of a peer that passed the gates. */
export function count(t: Turn, m: VoteMessage): void {
  const { s, params, rules } = t;
  const { view } = m.vote.vote;
  const tally = s.tallies.get(view) ?? emptyTally;
  const part = m.kind === 'commit' ? 'commits' : 'prepares';
  const counted = addVote(rules, params.set, tally[part], m.vote);
  if (typeof counted === 'string') return;
  s.tallies = new Map(s.tallies).set(view, { ...tally, [part]: counted });
}

export const onVote = (t: Turn, m: Admitted<MessageOf<'prepare'> | MessageOf<'commit'>>): void => count(t, m);

/** The leader's Prepare is in it. The block is looked at when its view is active. */
export function onPrePrepare(t: Turn, m: Admitted<MessageOf<'pre-prepare'>>): void {
  const { s } = t;
  const isNews = isOffer(s, m);
  count(t, m);
  if (isNews) s.offered = s.offered.with(m.vote.validator, m);
}
