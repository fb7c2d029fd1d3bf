/** Gate 4, replay (C5): what was accepted a moment ago goes no further. What counts as the same stands in libs/pbft. */
import type { ReplayFilter } from '@bursar/pbft';
import type { Envelope } from '../envelope.ts';
import type { Sequenced } from './gate-3-sequence.ts';
import { type Wrong, wrong } from './refusal.ts';

declare const passed: unique symbol;
export type Fresh = Envelope & { readonly [passed]: 'replay' };

/** @returns DuplicateMessage or the message. */
export function replayGate(m: Sequenced, accepted: ReplayFilter, openHeight: number, nowMs: number): Fresh | Wrong {
  if (accepted.isRepeat(m.message, openHeight, nowMs)) return wrong('DuplicateMessage', 'it was accepted a moment ago');
  return m as Envelope as Fresh;
}
