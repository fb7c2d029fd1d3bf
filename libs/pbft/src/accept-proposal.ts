/** The first valid PrePrepare of the view becomes its proposal (docs/protocol.md "Votes" 2). */
import { checkFresh, checkHeader } from './check-header.ts';
import { putKnown } from './known-blocks.ts';
import { startView } from './timers.ts';
import { hasVoted, leader, rejectMessage, type Turn, toPhase } from './turn.ts';

export function acceptProposal(t: Turn): boolean {
  const { s, params } = t;
  if (s.standing !== 'active' || s.accepted !== undefined || hasVoted(t)) return false;
  const from = leader(t);
  const offered = s.offered[from];
  if (offered === undefined || offered.vote.vote.view !== s.view || from === params.self) return false;
  const { digest } = offered.vote.vote;
  const wrong =
    checkHeader(params, s, offered.block, s.view) ??
    // K1 "mandatory digests": the choice that everyone recomputed binds the leader.
    (s.mandatory === undefined
      ? checkFresh(params, offered.block, s.view, t.now)
      : digest === s.mandatory.digest
        ? undefined
        : 'ConflictingVotes');
  if (wrong !== undefined) {
    // Looked at again only when the leader sends it again: its time may come, or our clock be set.
    s.offered = s.offered.with(from, undefined);
    rejectMessage(t, wrong, offered);
    return false;
  }
  if (!s.known.has(digest)) {
    putKnown(t, digest, { block: offered.block, certificate: offered.certificate, recorded: false, bodies: 'unasked' });
  }
  s.accepted = digest;
  startView(t); // the proposal came before it was due: its view runs from now
  toPhase(t, 'WaitingForPrepares', 'pre-prepare', 'the first valid proposal of the view');
  return true;
}
