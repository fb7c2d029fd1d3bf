/**
 * Gate 6, quorum (C5), second half: its sender has not said it, or something else, before. A function of the state and the message; only
 * what it lets through changes what the engine counts.
 */
import type { Message, RejectionName } from '@bursar/protocol';
import type { InPhase } from './gate-phase.ts';
import type { State } from './state.ts';

declare const passed: unique symbol;
export type Admitted<M extends Message = Message> = M & { readonly [passed]: 'quorum' };

/** @returns EquivocationDetected, DuplicateMessage, or the message. */
export function quorumGate(s: State, m: InPhase): Admitted | RejectionName {
  return repetition(s, m) ?? (m as Message as Admitted);
}

/** The first statement of a sender counts; another digest in the same place contradicts it. */
function repetition(s: State, m: Message): RejectionName | undefined {
  const { validator, vote } = m.vote;
  const { view, digest } = vote;
  const against = (said: string | undefined) =>
    said === undefined ? undefined : said === digest ? ('DuplicateMessage' as const) : ('EquivocationDetected' as const);
  switch (m.kind) {
    case 'prepare':
      return against(s.tallies.get(view)?.prepares.votes[validator]?.vote.digest);
    case 'commit':
      return against(s.tallies.get(view)?.commits.votes[validator]?.vote.digest);
    case 'pre-prepare': {
      // PrePrepare and Prepare are one phase: its vote may be here already, the block need not.
      const said = against(s.tallies.get(view)?.prepares.votes[validator]?.vote.digest);
      return said === 'DuplicateMessage' && isOffer(s, m) ? undefined : said;
    }
    case 'view-change':
      return against(s.viewChanges[validator]?.find((o) => o.vote.vote.view === view)?.vote.vote.digest);
    case 'new-view': {
      if (view === s.view && s.standing === 'active') return 'DuplicateMessage';
      const before = s.newViews[validator]?.vote.vote;
      if (before === undefined || before.view < view) return undefined;
      return before.view === view ? against(before.digest) : 'DuplicateMessage';
    }
  }
}

/** Whether a PrePrepare brings a block that may still become the proposal of its view. */
export function isOffer(s: State, m: Message): boolean {
  const { view } = m.vote.vote;
  const before = s.offered[m.vote.validator]?.vote.vote;
  return before === undefined ? view > s.view || s.accepted === undefined : before.view < view;
}
