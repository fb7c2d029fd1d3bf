/** Our Prepare, once per view and only with everything that it vouches for in our hands (docs/protocol.md "Votes" 2). */
import { putKnown, recordKnown } from './known-blocks.ts';
import { votersOf } from './tally.ts';
import { ask, hasVoted, isMute, leader, ownVote, type Turn } from './turn.ts';

export function prepare(t: Turn): boolean {
  const { s, params } = t;
  const digest = s.accepted;
  if (digest === undefined || hasVoted(t) || isMute(t)) return false;
  // Another block is prepared in this view already: a Prepare for this one helps nobody.
  if (s.prepared?.view === s.view && s.prepared.digest !== digest) return false;
  const known = s.known.get(digest);
  if (known === undefined) return false;
  if (known.bodies !== 'held' && known.block.batches.length > 0) {
    if (known.bodies === 'unasked') obtain(t, digest);
    return false;
  }
  recordKnown(t, digest);
  const vote = ownVote(t, 'prepare', digest);
  s.lastVote = { view: s.view, digest };
  s.intents = { ...s.intents, prepare: vote };
  const { block, certificate } = known;
  ask(t, leader(t) === params.self ? { kind: 'pre-prepare', vote, block, certificate } : { kind: 'prepare', vote });
  return true;
}

function obtain(t: Turn, digest: string): void {
  const { s, params } = t;
  const known = s.known.get(digest);
  if (known === undefined) return;
  putKnown(t, digest, { ...known, bodies: 'asked' });
  const prepares = s.tallies.get(s.view)?.prepares;
  const voters = prepares === undefined ? [] : votersOf(prepares, digest);
  const origins = known.block.batches.map((b) => b.origin);
  const from = [...new Set([leader(t), ...voters, ...origins])].filter((i) => i !== params.self);
  t.effects.push({ type: 'obtain', digest, block: known.block, from });
}
