/** All Prepares, a quorum of Commits, or a certificate that somebody shows us, makes the block final (K1, K2). */
import type { FinalKind } from '@bursar/membership';
import type { Block, Certificate, Digest } from '@bursar/protocol';
import { checkHeader } from './check-header.ts';
import { fetchBlock } from './known-blocks.ts';
import { certificateOf, type VoteSet, votersOf } from './tally.ts';
import { halt, record, type Turn, toPhase } from './turn.ts';

/**
 * Both paths at the same time, without a mode or a timer: what is complete first decides. Votes of any view of the height count: who
 * left the view afterwards showed its PreparedCert, and how it had voted.
 */
export function finalise(t: Turn): boolean {
  for (const { prepares, commits } of t.s.tallies.values()) {
    if (finaliseBy(t, 'fast', prepares, prepares.all) || finaliseBy(t, 'commit', commits, commits.quorum)) return true;
  }
  return false;
}

function finaliseBy(t: Turn, kind: FinalKind, votes: VoteSet, digest: Digest | undefined): boolean {
  if (digest === undefined) return false;
  const known = t.s.known.get(digest);
  if (known !== undefined) return decide(t, digest, known.block, certificateOf(t.params.set, kind, votes, digest));
  fetchBlock(t, digest, votersOf(votes, digest));
  return false;
}

/** @param certificate valid, of a kind that makes final, of the open height, for `digest`. */
export function decide(t: Turn, digest: Digest, block: Block, certificate: Certificate): boolean {
  const { s } = t;
  const wrong = checkHeader(t.params, s, block, certificate.view);
  if (wrong !== undefined) {
    halt(t, 'StateForkDetected', `the certified block ${digest} of height ${s.height} fails here with ${wrong}`);
    return false;
  }
  s.decided = { digest, block, certificate, askers: [] };
  s.deadline = Infinity;
  record(t, { kind: 'final', block, certificate });
  toPhase(t, 'Committed', 'quorum', certificate.kind === 'fast' ? 'all stake prepared the block' : 'a quorum committed the block');
  t.effects.push({ type: 'commit', block, certificate });
  return true;
}

/** Digests of values that no decoder made may not exist: then nothing equals them. */
export function digestOrNothing(make: () => Digest): Digest | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
