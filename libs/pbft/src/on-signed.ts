/** Our own messages with their signatures: now they exist (docs/protocol.md "Durability"). */
import type { Message, Vote } from '@bursar/protocol';
import { holdViewChange } from './on-view-change.ts';
import { count } from './on-vote.ts';
import type { State } from './state.ts';
import { record, reject, type Turn, toPhase } from './turn.ts';

/** A signature for a height or view that is over meanwhile is dropped: nothing asks for it any more. */
export function onSigned(t: Turn, m: Message): void {
  const { s, params } = t;
  const { vote, signature, validator } = m.vote;
  if (validator !== params.self || !isWanted(s, vote) || s.sent.some((o) => o.kind === m.kind)) return;
  record(t, { kind: 'signed', vote, signature }, false);
  adopt(t, m);
}

/** Sends it and counts it. */
export function adopt(t: Turn, m: Message): void {
  const { s } = t;
  s.sent = [...s.sent, m];
  t.effects.push({ type: 'broadcast', message: m });
  if (m.kind === 'view-change') holdViewChange(t, m);
  else if (m.kind !== 'new-view') count(t, m);
  if (m.kind === 'commit') toPhase(t, 'WaitingForCommits', 'signed', 'our Commit is signed');
}

/**
 * Whether a vote of ours is still of use: it belongs to the open height and to the view that we are in. A Commit is not once all
 * Prepares made the block final: who lacks one of them is shown the certificate.
 */
export function isWanted(s: State, vote: Vote): boolean {
  if (vote.phase === 'commit' && s.decided?.certificate.kind === 'fast') return false;
  const { prepare, commit, viewChange, newView } = s.intents;
  const asked = { prepare, commit, 'view-change': viewChange?.vote, 'new-view': newView?.vote }[vote.phase];
  return vote.height === s.height && vote.view === s.view && s.height >= s.muteBelow && asked?.digest === vote.digest;
}

/**
 * The signer has signed something else. If the view was left meanwhile, that is the ViewChange. Else its record knows more than our
 * log: we cannot tell truly how we voted, so we say nothing more about this height.
 */
export function onRefused(t: Turn, vote: Vote): void {
  const { s, params } = t;
  if (vote.height !== s.height || vote.view < s.view) return;
  // It signs no ViewChange into a view in which it has signed already: our later request overtook it. The view has begun without it.
  const { prepare, commit, newView } = s.intents;
  if (vote.phase === 'view-change' && (prepare ?? commit ?? newView) !== undefined) return;
  reject(t, 'DoubleSignRefused', params.self, vote.height, vote.view);
  s.muteBelow = Math.max(s.muteBelow, s.height + 1);
}
