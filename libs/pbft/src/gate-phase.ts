/**
 * Gate 5, phase (C5): whether a message of the open height may be said by its sender, in its view, in this phase. A function of
 * the state and the message; what it lets through is of a type that nothing else makes and that only gate 6 takes.
 */
import { leaderOf } from '@bursar/membership';
import type { Certificate, Message, MessageOf, RejectionName } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import type { Weighed } from './gate-stake.ts';
import type { State } from './state.ts';

declare const passed: unique symbol;
export type InPhase<M extends Message = Message> = M & { readonly [passed]: 'phase' };

/** @returns WrongValidator, InvalidView, SequenceGap (a view too far ahead), InvalidPhase, or the message. */
export function phaseGate(s: State, m: Weighed): InPhase | RejectionName {
  return phaseFault(s, m) ?? (m as Message as InPhase);
}

function phaseFault(s: State, m: Message): RejectionName | undefined {
  const { validator, vote } = m.vote;
  const { view } = vote;
  if (s.decided !== undefined) return reopens(m, s.decided.certificate) ? 'InvalidPhase' : undefined;
  switch (m.kind) {
    case 'pre-prepare':
      return validator === leaderOf(s.order, view) ? voteFault(s, m) : 'WrongValidator';
    case 'prepare':
    case 'commit':
      return voteFault(s, m);
    case 'view-change':
      return view >= s.view && view > 0 ? undefined : 'InvalidView';
    case 'new-view':
      if (validator !== leaderOf(s.order, view)) return 'WrongValidator';
      return view >= s.view && view > 0 ? undefined : 'InvalidView';
  }
}

/** Votes of views too far away are not kept. Commits of views that were left still make a block final. */
function voteFault(s: State, m: MessageOf<'pre-prepare'> | MessageOf<'prepare'> | MessageOf<'commit'>): RejectionName | undefined {
  const { view } = m.vote.vote;
  const lowest = m.kind === 'commit' ? s.view - bounds.viewsBehind : s.view;
  if (view < lowest) return 'InvalidView';
  return view > s.view + bounds.viewsAhead ? 'SequenceGap' : undefined;
}

/**
 * The block is final, storage is at work: late messages are the normal case. But above the view of its certificate no honest leader
 * proposes another block (K1, the choice rule).
 */
const reopens = ({ kind, vote: { vote } }: Message, final: Certificate): boolean =>
  kind === 'pre-prepare' && vote.view > final.view && vote.digest !== final.digest;
