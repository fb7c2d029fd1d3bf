/** Prepares and Commits of the open height: the first of each sender, view and phase counts (K1). */
import type { MessageOf } from '@bursar/protocol';
import { bounds } from './state.ts';
import { addVote, emptyTally } from './tally.ts';
import { leader, rejectMessage, type Turn } from './turn.ts';

type VoteMessage = MessageOf<'pre-prepare'> | MessageOf<'prepare'> | MessageOf<'commit'>;

/** Counts a vote of ours or of a peer. */
export function count(t: Turn, m: VoteMessage): 'counted' | 'duplicate' | 'conflict' {
  const { s, params, rules } = t;
  const { view } = m.vote.vote;
  const tally = s.tallies.get(view) ?? emptyTally;
  const part = m.kind === 'commit' ? 'commits' : 'prepares';
  const counted = addVote(rules, params.set, tally[part], m.vote);
  if (typeof counted === 'string') return counted;
  s.tallies = new Map(s.tallies).set(view, { ...tally, [part]: counted });
  return 'counted';
}

/** Votes of views too far away are not kept. Commits of views that were left still make a block final. */
function isOutside(t: Turn, m: VoteMessage): boolean {
  const { view } = m.vote.vote;
  const lowest = m.kind === 'commit' ? t.s.view - bounds.viewsBehind : t.s.view;
  if (view >= lowest && view <= t.s.view + bounds.viewsAhead) return false;
  rejectMessage(t, view < lowest ? 'InvalidView' : 'SequenceGap', m);
  return true;
}

export function onVote(t: Turn, m: MessageOf<'prepare'> | MessageOf<'commit'>): void {
  if (isOutside(t, m)) return;
  const counted = count(t, m);
  if (counted !== 'counted') rejectMessage(t, counted === 'conflict' ? 'EquivocationDetected' : 'DuplicateMessage', m);
}

/** PrePrepare and Prepare are one phase: the leader's Prepare is in it. It is looked at when its view is active. */
export function onPrePrepare(t: Turn, m: MessageOf<'pre-prepare'>): void {
  const { s } = t;
  const { validator, vote } = m.vote;
  if (validator !== leader(t, vote.view)) {
    rejectMessage(t, 'WrongValidator', m);
    return;
  }
  if (isOutside(t, m)) return;
  const counted = count(t, m);
  if (counted === 'conflict') {
    rejectMessage(t, 'EquivocationDetected', m);
    return;
  }
  const before = s.offered[validator];
  const news = before === undefined ? vote.view > s.view || s.accepted === undefined : before.vote.vote.view < vote.view;
  if (news) s.offered = s.offered.with(validator, m);
  else if (counted === 'duplicate') rejectMessage(t, 'DuplicateMessage', m);
}
