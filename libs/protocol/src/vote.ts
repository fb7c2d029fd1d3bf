/** Votes and certificates (docs/protocol.md, "Votes"). */
import type { Decoded } from './codec.ts';
import { bytes, hex32, list, signature, struct, u16, u32, uint, word } from './codecs.ts';
import { digestOf, hashOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limits } from './limits.ts';

export const phase = word('prepare', 'commit', 'view-change', 'new-view');
export type Phase = Decoded<typeof phase>;

/**
 * What a validator signs. `digest` is the block for prepare and commit, the content for view-change and new-view; for those
 * two, `view` is the view to be entered. No clock is inside.
 */
export const vote = struct({ chain: hex32, epoch: u32, height: uint, view: uint, phase, digest: hex32 });
export type Vote = Decoded<typeof vote>;
export const signedVote = struct({ vote, validator: u16, signature });
export type SignedVote = Decoded<typeof signedVote>;

const domains: Readonly<Record<Phase, string>> = {
  prepare: 'bursar/vote/prepare',
  commit: 'bursar/vote/commit',
  'view-change': 'bursar/vote/view-change',
  'new-view': 'bursar/vote/new-view',
};
/** The last vote of each phase and its hash: the validators of a set sign the same one, and a certificate repeats it. */
const last = new Map<Phase, { readonly vote: Vote; readonly hash: Uint8Array }>();
const isSame = (a: Vote, b: Vote): boolean =>
  a.height === b.height && a.view === b.view && a.digest === b.digest && a.epoch === b.epoch && a.chain === b.chain;

/** The 32 bytes that are signed: the phase separates the domains. */
export function voteHash(v: Vote): Uint8Array {
  const known = last.get(v.phase);
  if (known !== undefined && isSame(known.vote, v)) return known.hash.slice();
  const hash = hashOf(domains[v.phase], vote, v);
  last.set(v.phase, { vote: { ...v }, hash });
  return hash.slice();
}

/**
 * Signatures of `signers` over the same vote: `prepared` holds prepares and `commit` holds commits of at least a quorum, `fast` holds
 * prepares of all stake. Bit i of `signers` (least significant first) is validator i; signatures follow in ascending order of
 * validator.
 */
export const certificate = struct({
  kind: word('prepared', 'commit', 'fast'),
  chain: hex32,
  epoch: u32,
  height: uint,
  view: uint,
  digest: hex32,
  signers: bytes(Math.ceil(limits.validators / 8)),
  signatures: list(signature, limits.validators),
});
export type Certificate = Decoded<typeof certificate>;
export const certificateDigest = (c: Certificate): Digest => digestOf('bursar/certificate', certificate, c);
