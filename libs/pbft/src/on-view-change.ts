/** ViewChanges and NewViews of the open height, kept until `joinView`, `announceView` and `followView` can use them. */
import type { MessageOf } from '@bursar/protocol';
import { nameOf } from './new-view.ts';
import { bounds } from './state.ts';
import { leader, rejectMessage, type Turn } from './turn.ts';

/** Two ViewChanges of one validator for one view are evidence; the first counts, unless a NewView names the second. */
export function onViewChange(t: Turn, m: MessageOf<'view-change'>): void {
  const { s } = t;
  const { validator, vote } = m.vote;
  const name = nameOf(vote.view, validator, vote.digest);
  const wanted = s.found.has(name) && s.found.get(name) === undefined;
  if (wanted) s.found = new Map(s.found).set(name, m);
  if (vote.view < s.view || vote.view === 0) {
    if (!wanted) rejectMessage(t, 'InvalidView', m);
    return;
  }
  const before = s.viewChanges[validator]?.find((o) => o.vote.vote.view === vote.view);
  if (before === undefined) {
    holdViewChange(t, m);
    return;
  }
  if (before.vote.vote.digest !== vote.digest) rejectMessage(t, 'EquivocationDetected', m);
  else if (!wanted) rejectMessage(t, 'DuplicateMessage', m);
}

/** Ascending by view; when there are too many, the lowest above ours goes: its sender has moved on. */
export function holdViewChange(t: Turn, m: MessageOf<'view-change'>): void {
  const { s } = t;
  const of = [...(s.viewChanges[m.vote.validator] ?? []), m].sort((a, b) => a.vote.vote.view - b.vote.vote.view);
  if (of.length > bounds.viewChanges) of.splice(of[0]?.vote.vote.view === s.view ? 1 : 0, 1);
  s.viewChanges = s.viewChanges.with(m.vote.validator, of);
}

export function onNewView(t: Turn, m: MessageOf<'new-view'>): void {
  const { s } = t;
  const { validator, vote } = m.vote;
  if (validator !== leader(t, vote.view)) {
    rejectMessage(t, 'WrongValidator', m);
    return;
  }
  if (vote.view < s.view || vote.view === 0) {
    rejectMessage(t, 'InvalidView', m);
    return;
  }
  if (vote.view === s.view && s.standing === 'active') {
    rejectMessage(t, 'DuplicateMessage', m);
    return;
  }
  const before = s.newViews[validator];
  if (before !== undefined && before.vote.vote.view >= vote.view) {
    const equivocates = before.vote.vote.view === vote.view && before.vote.vote.digest !== vote.digest;
    rejectMessage(t, equivocates ? 'EquivocationDetected' : 'DuplicateMessage', m);
    return;
  }
  s.newViews = s.newViews.with(validator, m);
}
