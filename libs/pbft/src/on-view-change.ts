/** ViewChanges and NewViews of the open height, kept until `joinView`, `announceView` and `followView` can use them. */
import type { MessageOf } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import type { Admitted } from './gate-quorum.ts';
import type { Weighed } from './gate-stake.ts';
import { nameOf } from './new-view.ts';
import type { Turn } from './turn.ts';

/** A ViewChange that a NewView names is taken whatever the other gates say: the NewView may name the second of two. @returns whether it was one. */
export function takeWanted(t: Turn, m: Weighed): boolean {
  const { s } = t;
  if (m.kind !== 'view-change') return false;
  const { vote, validator } = m.vote;
  const name = nameOf(vote.view, validator, vote.digest);
  if (!s.found.has(name) || s.found.get(name) !== undefined) return false;
  s.found = new Map(s.found).set(name, m);
  return true;
}

export const onViewChange = (t: Turn, m: Admitted<MessageOf<'view-change'>>): void => holdViewChange(t, m);

/** Ascending by view; when there are too many, the lowest above ours goes: its sender has moved on. */
export function holdViewChange(t: Turn, m: MessageOf<'view-change'>): void {
  const { s } = t;
  const of = [...(s.viewChanges[m.vote.validator] ?? []), m].sort((a, b) => a.vote.vote.view - b.vote.vote.view);
  if (of.length > bounds.viewChanges) of.splice(of[0]?.vote.vote.view === s.view ? 1 : 0, 1);
  s.viewChanges = s.viewChanges.with(m.vote.validator, of);
}

export function onNewView(t: Turn, m: Admitted<MessageOf<'new-view'>>): void {
  t.s.newViews = t.s.newViews.with(m.vote.validator, m);
}
