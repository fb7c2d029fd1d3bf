/** Messages of later heights that come before theirs opens are kept, not refused (C5). */
import type { Message } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import { rejectMessage, type Turn } from './turn.ts';

const heightOf = (m: Message): number => m.vote.vote.height;
const same = (a: Message, b: Message): boolean =>
  a.kind === b.kind && heightOf(a) === heightOf(b) && a.vote.vote.view === b.vote.vote.view && a.vote.vote.digest === b.vote.vote.digest;

/** Of too many of one sender the lowest height goes: its sender has moved on, so that height is had as a final block. @returns whether it was new. */
export function holdEarly(t: Turn, m: Message): boolean {
  const { s } = t;
  const of = s.early[m.vote.validator] ?? [];
  if (of.some((o) => same(o, m))) {
    rejectMessage(t, 'DuplicateMessage', m);
    return false;
  }
  const held = [...of, m];
  if (held.length > bounds.early) {
    const lowest = Math.min(...held.map(heightOf));
    held.splice(
      held.findIndex((o) => heightOf(o) === lowest),
      1,
    );
  }
  s.early = s.early.with(m.vote.validator, held);
  return true;
}

/** What was kept for the height that has just opened. */
export function takeEarly(t: Turn): readonly Message[] {
  const { s } = t;
  const held = s.early.flat().filter((m) => heightOf(m) <= s.height);
  if (held.length > 0) s.early = s.early.map((of) => of.filter((m) => heightOf(m) > s.height));
  return held.filter((m) => heightOf(m) === s.height);
}
