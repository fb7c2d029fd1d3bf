/** The leader of an active view proposes (docs/protocol.md "Votes" 1). */
import { skippedBitmap } from '@bursar/membership';
import { type Block, batchRefsDigest, certificateDigest, type Header, headerDigest, ZERO_DIGEST } from '@bursar/protocol';
import { checkHeader } from './check-header.ts';
import { fetchBlock, putKnown } from './known-blocks.ts';
import { leave } from './leave-view.ts';
import { selectBatches } from './select-batches.ts';
import { hasVoted, isMute, leader, reject, type Turn, toPhase } from './turn.ts';

/** Chooses what to propose; `prepare` signs it, with our own Prepare in it, once its bodies are here. */
export function propose(t: Turn): boolean {
  const { s, params } = t;
  if (s.standing !== 'active' || s.accepted !== undefined || hasVoted(t) || isMute(t) || leader(t) !== params.self) return false;
  return s.mandatory === undefined ? proposeFresh(t) : proposeAgain(t, s.mandatory.digest, s.mandatory.claimants);
}

/** The same bytes as before: what may be final stays the only choice. */
function proposeAgain(t: Turn, digest: string, claimants: readonly number[]): boolean {
  const known = t.s.known.get(digest);
  if (known === undefined) {
    fetchBlock(t, digest, claimants);
    return false;
  }
  const wrong = checkHeader(t.params, t.s, known.block, t.s.view);
  if (wrong !== undefined) {
    // An honest validator voted for it, so it is our state that differs (K6): no vote, and another one must lead.
    reject(t, wrong, t.params.self, t.s.height, t.s.view);
    leave(t, t.s.view + 1, 'mandatory', 'the mandatory block is not right here');
    return true;
  }
  t.s.accepted = digest;
  toPhase(t, 'WaitingForPrepares', 'propose', 'the view change made this block mandatory');
  return true;
}

/** A block of this view: as soon as there is a batch, a block with content behind us, or the interval is over. */
function proposeFresh(t: Turn): boolean {
  const { s, params, now } = t;
  if (now < s.dueAt) return false;
  const { tip } = s;
  const time = Math.max(tip.time + 1, Math.floor(now));
  const batches = selectBatches(s, time);
  const header: Header = {
    version: 1,
    chain: params.chain,
    epoch: params.set.epoch,
    height: s.height,
    view: s.view,
    proposer: params.self,
    time,
    parent: tip.digest,
    certificate: tip.certificate === undefined ? ZERO_DIGEST : certificateDigest(tip.certificate),
    stateRoot: tip.stateRoot,
    resultsRoot: tip.resultsRoot,
    beacon: s.beacon,
    proofVersion: 0,
    proof: new Uint8Array(0),
    skipped: skippedBitmap(s.order, s.view, params.set.validators.length),
    nextValidators: params.set.hash,
    batches: batchRefsDigest(batches),
  };
  const block: Block = { header, batches };
  const digest = headerDigest(header);
  // What is offered is verified and logged by the host before it is offered.
  putKnown(t, digest, { block, certificate: tip.certificate, recorded: false, bodies: 'held' });
  s.accepted = digest;
  toPhase(t, 'WaitingForPrepares', 'propose', batches.length > 0 ? 'batches are waiting' : 'an empty block is due');
  return true;
}
