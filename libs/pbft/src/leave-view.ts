/** Leaving a view: by its timer, or with others (K1, K6; docs/protocol.md "View change"). */
import { stakeOf } from '@bursar/membership';
import { viewChangeDigest } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import { scheduleResend } from './timers.ts';
import { ask, isMute, ownVote, type Turn, toPhase } from './turn.ts';

/** What belonged to the view before; votes too far behind are forgotten. */
export function clearView(t: Turn, view: number): void {
  const { s } = t;
  s.view = view;
  s.mandatory = undefined;
  s.justification = [];
  s.accepted = undefined;
  s.intents = {};
  s.sent = [];
  s.fetching = new Set();
  for (const v of s.tallies.keys()) {
    if (v >= view - bounds.viewsBehind) continue;
    const kept = new Map(s.tallies);
    kept.delete(v);
    s.tallies = kept;
  }
}

/**
 * Promises to vote in no view below `to` of this height, and says how we voted. The view rises at once, before the ViewChange is
 * signed: from here on no branch can sign for a lower one.
 */
export function leave(t: Turn, to: number, trigger: string, reason: string): void {
  const { s } = t;
  toPhase(t, 'Idle', trigger, reason);
  clearView(t, to);
  s.standing = 'changing';
  s.deadline = Infinity; // until a quorum is here: armViewTimer
  scheduleResend(t, true);
  if (isMute(t)) return;
  const content = t.rules.reportVotes({ lastVote: s.lastVote, prepared: s.prepared });
  const vote = ownVote(t, 'view-change', viewChangeDigest(content));
  s.intents = { viewChange: { vote, content } };
  ask(t, { kind: 'view-change', vote, content });
}

/**
 * When validators with stake above f are in higher views, an honest one is among them: join the lowest of those views, so that
 * nobody is left behind and the faulty alone move nobody.
 */
export function joinView(t: Turn): boolean {
  const { s, params } = t;
  let lowest = Infinity;
  const ahead: number[] = [];
  for (let i = 0; i < s.viewChanges.length; i++) {
    const view = s.viewChanges[i]?.at(-1)?.vote.vote.view ?? 0;
    if (i === params.self || view <= s.view) continue;
    ahead.push(i);
    lowest = Math.min(lowest, view);
  }
  if (ahead.length === 0 || stakeOf(params.set, ahead) <= params.set.faulty) return false;
  leave(t, lowest, 'view-change', 'validators with more than a third of the stake left this view');
  return true;
}
