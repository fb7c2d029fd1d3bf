/** Messages of the next height that come before it opens are kept, not refused (C5). */
import type { Message } from '@bursar/protocol';
import { bounds } from './state.ts';
import { rejectMessage, type Turn } from './turn.ts';

const same = (a: Message, b: Message): boolean =>
  a.kind === b.kind && a.vote.vote.view === b.vote.vote.view && a.vote.vote.digest === b.vote.vote.digest;

/** Keeps the newest of each sender. @returns whether it was new. */
export function holdEarly(t: Turn, m: Message): boolean {
  const { s } = t;
  const of = s.early[m.vote.validator] ?? [];
  if (of.some((o) => same(o, m))) {
    rejectMessage(t, 'DuplicateMessage', m);
    return false;
  }
  s.early = s.early.with(m.vote.validator, [...of.slice(-(bounds.early - 1)), m]);
  return true;
}

/** All that was kept, when the height opens. */
export function takeEarly(t: Turn): readonly Message[] {
  const held = t.s.early.flat();
  if (held.length > 0) t.s.early = t.s.early.map(() => []);
  return held;
}
