/** A quorum of Prepares makes a PreparedCert, and that, once on disk, our Commit (docs/protocol.md "Votes" 3). */
import { checkHeader } from './check-header.ts';
import { fetchBlock, recordKnown } from './known-blocks.ts';
import { certificateOf, votersOf } from './tally.ts';
import { restartView } from './timers.ts';
import { ask, halt, isMute, ownVote, record, type Turn, toPhase } from './turn.ts';

export function commit(t: Turn): boolean {
  const { s, params } = t;
  const prepares = s.tallies.get(s.view)?.prepares;
  const digest = prepares?.quorum;
  if (prepares === undefined || digest === undefined || s.prepared?.view === s.view) return false;
  const known = s.known.get(digest);
  if (known === undefined) {
    // Who names a PreparedCert in a ViewChange must be able to serve its block.
    fetchBlock(t, digest, votersOf(prepares, digest));
    return false;
  }
  const wrong = checkHeader(params, s, known.block, s.view);
  if (wrong !== undefined) {
    // C13, K6: a quorum prepared what we find wrong, so this node differs from the honest majority.
    halt(t, 'StateForkDetected', `a quorum prepared block ${digest} of height ${s.height}, which fails here with ${wrong}`);
    return false;
  }
  const certificate = certificateOf(params.set, 'prepared', prepares, digest);
  s.prepared = certificate;
  s.accepted ??= digest;
  if (s.standing === 'changing') {
    // A quorum is in this view: it began, though its NewView has not come here.
    s.standing = 'active';
    restartView(t);
  }
  recordKnown(t, digest);
  record(t, { kind: 'prepared', certificate });
  toPhase(t, 'Prepared', 'quorum', 'a quorum prepared the block');
  if (isMute(t)) return true;
  const vote = ownVote(t, 'commit', digest);
  s.intents = { ...s.intents, commit: vote };
  ask(t, { kind: 'commit', vote });
  return true;
}
