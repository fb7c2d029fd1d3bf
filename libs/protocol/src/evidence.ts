/** Evidence (K6; docs/protocol.md, "Evidence"): two signatures of one validator, for one height, that no honest run produces. */
import type { Decoded } from './codec.ts';
import { hex32, optional, signature, struct, u16, u32, uint } from './codecs.ts';
import { digestOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { viewChange, viewChangeDigest } from './message.ts';
import { phase, type Vote, voteHash } from './vote.ts';

/** A vote that a validator signed, without what it shares with its counterpart. `content`: a ViewChange's, where the proof needs it. */
export const statement = struct({ phase, view: uint, digest: hex32, signature, content: optional(viewChange) });
export type Statement = Decoded<typeof statement>;

/** One validator, one height; the chain is the transaction's. `evidenceOf` makes the only form that proves anything. */
export const evidence = struct({ validator: u16, epoch: u32, height: uint, first: statement, second: statement });
export type Evidence = Decoded<typeof evidence>;
export const evidenceDigest = (e: Evidence): Digest => digestOf('bursar/evidence', evidence, e);

export const evidenceKinds = [
  'double-prepare',
  'double-commit',
  'double-view-change',
  'double-new-view',
  'forgotten-prepare',
  'forgotten-commit',
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** What a statement says. */
export type Said = Omit<Statement, 'signature'>;

/**
 * How two things that one validator said of one height contradict each other; undefined: they do not.
 *
 * Why no honest run produces any of it, whatever is lost, doubled, reordered or crashes. Every vote is written to the consensus log
 * before the signer hears of it, and after a restart what the log or the signer holds counts as said (`recall`).
 *
 * `double-*`: a validator says one thing in each (view, phase). A Prepare sets lastVote to its view, and no other is asked for while
 * lastVote is of that view; a leader's PrePrepare *is* its Prepare. A Commit is for the one PreparedCert kept of its view. A ViewChange
 * is made in the step that raises the view, and views never fall; a NewView is made once, in the step that activates its view. Asked
 * again, after a crash too, each has the same bytes. A resend changes the envelope only, which is not signed.
 *
 * `forgotten-*`: the step that makes ViewChange(w) copies lastVote and the highest PreparedCert, and from it on nothing is asked for in
 * views below w. So a Prepare of a view v < w was asked for before, whichever of the two is signed, sent or received first, and
 * lastVote has been at it or above ever since; a Commit of v likewise follows its PreparedCert. A vote of view w itself may follow
 * ViewChange(w), so it proves nothing, nor does a lastVote that was never signed: it is above what was.
 */
export function contradiction(a: Said, b: Said): EvidenceKind | undefined {
  if (a.phase === b.phase) return a.view === b.view && a.digest !== b.digest ? `double-${a.phase}` : undefined;
  return forgotten(a, b) ?? forgotten(b, a);
}

function forgotten(vote: Said, left: Said): EvidenceKind | undefined {
  if (left.phase !== 'view-change' || left.content === undefined || vote.view >= left.view) return undefined;
  const { lastVote, prepared } = left.content;
  if (vote.phase === 'prepare') return remembers(lastVote, vote) ? undefined : 'forgotten-prepare';
  if (vote.phase === 'commit') return remembers(prepared, vote) ? undefined : 'forgotten-commit';
  return undefined;
}
const remembers = (place: { readonly view: number; readonly digest: Digest } | undefined, { view, digest }: Said): boolean =>
  place !== undefined && (place.view > view || (place.view === view && place.digest === digest));

/** The evidence that two contradicting statements are: of equal phases the smaller digest first and no content, else the vote first. */
export function evidenceOf(validator: number, epoch: number, height: number, a: Statement, b: Statement): Evidence {
  const [first, second] = (a.phase === b.phase ? a.digest < b.digest : b.phase === 'view-change') ? [a, b] : [b, a];
  const bare = (s: Statement): Statement => ({ ...s, content: undefined });
  return { validator, epoch, height, first: bare(first), second: first.phase === second.phase ? bare(second) : second };
}

/** What it would prove if its signatures hold; undefined: nothing, or it is not in the form of `evidenceOf`. */
export function evidenceKind({ height, first, second }: Evidence): EvidenceKind | undefined {
  const kind = contradiction(first, second);
  if (kind === undefined || height < 1 || first.content !== undefined) return undefined;
  if (first.phase === second.phase) return second.content === undefined && first.digest < second.digest ? kind : undefined;
  return second.content !== undefined && viewChangeDigest(second.content) === second.digest ? kind : undefined;
}

/** What anybody needs to check evidence, offline too: all of it follows from the genesis. */
export interface EvidenceContext {
  readonly chain: Digest;
  readonly epoch: number;
  /** 32 bytes; undefined: there is no such validator. */
  publicKey(validator: number): Uint8Array | undefined;
  verify(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean;
}

/** Two signatures at most. @returns what the evidence proves; undefined: nothing. */
export function checkEvidence(e: Evidence, { chain, epoch, publicKey, verify }: EvidenceContext): EvidenceKind | undefined {
  const kind = evidenceKind(e);
  const key = publicKey(e.validator);
  if (kind === undefined || key === undefined || e.epoch !== epoch) return undefined;
  const isSigned = (s: Statement): boolean => verify(key, voteHash(voteOf(chain, e, s)), s.signature);
  return isSigned(e.first) && isSigned(e.second) ? kind : undefined;
}

/** The vote that a statement of `e` is. */
export const voteOf = (chain: Digest, { epoch, height }: Evidence, { phase, view, digest }: Statement): Vote => ({
  chain,
  epoch,
  height,
  view,
  phase,
  digest,
});
