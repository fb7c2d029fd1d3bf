/** From ViewChanges to a view: its leader announces which it rests on, everyone recomputes the choice (K1). */
import { stakeOf } from '@bursar/membership';
import { type MessageOf, type NewView, newViewDigest } from '@bursar/protocol';
import type { Claim } from './choose.ts';
import { clearView } from './leave-view.ts';
import { restartView, scheduleResend } from './timers.ts';
import { ask, isMute, leader, ownVote, record, rejectMessage, type Turn, toPhase } from './turn.ts';

type SignedViewChange = MessageOf<'view-change'>;

export const claimOf = (m: SignedViewChange): Claim => {
  const { lastVote, prepared } = m.content;
  return {
    validator: m.vote.validator,
    lastVote,
    prepared: prepared === undefined ? undefined : { view: prepared.view, digest: prepared.digest },
  };
};

/** Enters `view` on the ground of `set` (ascending by validator) with the choice that follows from it. */
export function enter(t: Turn, view: number, set: readonly SignedViewChange[], reason: string): void {
  const { s } = t;
  toPhase(t, 'Idle', 'new-view', reason);
  clearView(t, view);
  s.standing = 'active';
  s.justification = set;
  s.mandatory = t.rules.choose(t.params.set, set.map(claimOf));
  s.found = new Map();
  s.newViews = s.newViews.map((m) => (m !== undefined && m.vote.vote.view > view ? m : undefined));
  scheduleResend(t, true);
  restartView(t);
}

/** The leader of the view has ViewChanges from a quorum: they go to disk with the NewView before it is signed. */
export function announceView(t: Turn): boolean {
  const { s, params, rules } = t;
  if (s.standing !== 'changing' || s.intents.newView !== undefined || isMute(t) || leader(t) !== params.self) return false;
  const set = s.viewChanges.flatMap((of) => of.filter((m) => m.vote.vote.view === s.view));
  if (!rules.isQuorum(params.set, stakeOf(params.set, set.map(signerOf)))) return false;
  for (const message of set) if (signerOf(message) !== params.self) record(t, { kind: 'evidence', message });
  const content: NewView = { viewChanges: set.map((m) => ({ validator: signerOf(m), digest: m.vote.vote.digest })) };
  const vote = ownVote(t, 'new-view', newViewDigest(content));
  enter(t, s.view, set, 'a quorum asked for this view, which we lead');
  s.intents = { newView: { vote, content } };
  ask(t, { kind: 'new-view', vote, content });
  return true;
}

/** Another leader's NewView, once every ViewChange that it names is here. The highest view goes first. */
export function followView(t: Turn): boolean {
  const { s } = t;
  if (!s.newViews.some((m) => m !== undefined)) return false; // as nearly always
  const waiting = s.newViews.filter((m) => m !== undefined).sort((a, b) => b.vote.vote.view - a.vote.vote.view);
  for (const newView of waiting) {
    const { view } = newView.vote.vote;
    if (view < s.view || (view === s.view && s.standing === 'active')) continue;
    const set = resolve(t, newView);
    if (set === undefined) continue;
    if (!t.rules.isQuorum(t.params.set, stakeOf(t.params.set, set.map(signerOf)))) {
      s.newViews = s.newViews.with(signerOf(newView), undefined);
      rejectMessage(t, 'QuorumNotReached', newView);
      continue;
    }
    enter(t, view, set, 'its leader showed a quorum that left the views before');
    return true;
  }
  return false;
}

/** The ViewChanges that a NewView names; undefined while some are missing, which are then asked for once. */
function resolve(t: Turn, newView: MessageOf<'new-view'>): readonly SignedViewChange[] | undefined {
  const { s } = t;
  const { view, height } = newView.vote.vote;
  const set: SignedViewChange[] = [];
  let missing = false;
  // Each leader has room for as many as a NewView can name, so that bad leaders take nothing away from the others.
  let asked = [...s.found.keys()].filter((name) => leader(t, viewOf(name)) === signerOf(newView)).length;
  for (const { validator, digest } of newView.content.viewChanges) {
    const name = nameOf(view, validator, digest);
    const held = s.viewChanges[validator]?.find((m) => m.vote.vote.view === view && m.vote.vote.digest === digest);
    const message = held ?? s.found.get(name);
    if (message !== undefined) {
      set.push(message);
      continue;
    }
    missing = true;
    if (s.found.has(name) || asked >= t.params.set.validators.length) continue;
    asked++;
    s.found = new Map(s.found).set(name, undefined);
    const from = [...new Set([signerOf(newView), validator])].filter((i) => i !== t.params.self);
    t.effects.push({ type: 'fetch-view-change', height, view, validator, digest, from });
  }
  return missing ? undefined : set;
}
/** The digest is of the content alone, so the view belongs to the name. */
export const nameOf = (view: number, validator: number, digest: string): string => `${view}/${validator}/${digest}`;
const viewOf = (name: string): number => Number.parseInt(name, 10);

/** When the resend timer asks again: what did not come, or belongs to no NewView any more, makes room. */
export function forgetUnfound(t: Turn): void {
  const { s } = t;
  if (s.found.size === 0) return;
  const pending = new Set(s.newViews.map((m) => m?.vote.vote.view));
  s.found = new Map([...s.found].filter(([name, message]) => message !== undefined && pending.has(viewOf(name))));
}
const signerOf = (m: { readonly vote: { readonly validator: number } }): number => m.vote.validator;
