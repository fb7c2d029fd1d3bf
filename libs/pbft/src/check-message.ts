/** What can be said of a consensus message without any state (C5): form, membership, signatures (gates 1 and 2), and stake (half of gate 6). */
import type { SignedMessage, Verifier } from '@bursar/crypto';
import {
  fromBitmap,
  isEnough,
  isFinalKind,
  openCertificate,
  publicKeyOf,
  stakeOf,
  type Thresholds,
  thresholds,
  type ValidatorSet,
} from '@bursar/membership';
import {
  batchRefsDigest,
  type Certificate,
  certificateDigest,
  type Digest,
  headerDigest,
  type Message,
  type MessageOf,
  newViewDigest,
  type Phase,
  type RejectionName,
  viewChangeDigest,
  voteHash,
  ZERO_DIGEST,
} from '@bursar/protocol';

export interface CheckOptions {
  /** Certificates whose digest was found valid before need no second look at their signatures. */
  readonly isKnown?: (certificate: Digest) => boolean;
}

const phaseOf: Record<Message['kind'], Phase> = {
  'pre-prepare': 'prepare',
  prepare: 'prepare',
  commit: 'commit',
  'view-change': 'view-change',
  'new-view': 'new-view',
};

/**
 * Gates 1 and 2 for a message that came out of its decoder. The stake that it stands on is for the engine to weigh.
 *
 * @returns undefined, or WrongChain, UnknownValidator, MalformedMessage, InvalidSignature.
 */
export function checkMessage(
  set: ValidatorSet,
  chain: Digest,
  m: Message,
  verifier: Verifier,
  { isKnown }: CheckOptions = {},
): RejectionName | undefined {
  const wrong = checkSender(set, chain, m) ?? checkForm(m);
  if (wrong !== undefined) return wrong;
  const signatures = signaturesOf(set, chain, m, isKnown);
  if (typeof signatures === 'string') return signatures;
  return signatures.every((s) => verifier.verify(s.publicKey, s.message, s.signature)) ? undefined : 'InvalidSignature';
}

/** Gate 1, structure: the parts agree with one another and with their digests. */
export function checkForm(m: Message): RejectionName | undefined {
  const { vote } = m.vote;
  return vote.phase === phaseOf[m.kind] && vote.height >= 1 && isWellFormed(m) ? undefined : 'MalformedMessage';
}

/** Gate 2, signature, first half: a member of this chain's set says so, and names members only. */
export function checkSender(set: ValidatorSet, chain: Digest, m: Message): RejectionName | undefined {
  const { vote, validator } = m.vote;
  if (vote.chain !== chain) return 'WrongChain';
  if (set.validators[validator] === undefined || vote.epoch !== set.epoch) return 'UnknownValidator';
  const named = m.kind === 'new-view' ? m.content.viewChanges : [];
  return named.every((v) => set.validators[v.validator] !== undefined) ? undefined : 'UnknownValidator';
}

/**
 * Gate 2, second half: every signature that the message stands on. The sender's is the first: it answers for the rest, which
 * need not be looked at when it does not hold. The message passed `checkSender`.
 */
export function signaturesOf(
  set: ValidatorSet,
  chain: Digest,
  m: Message,
  isKnown?: (certificate: Digest) => boolean,
): readonly SignedMessage[] | RejectionName {
  const { vote, validator, signature } = m.vote;
  const own: SignedMessage = { publicKey: publicKeyOf(set, validator) as Uint8Array, message: voteHash(vote), signature };
  const inside = certificateIn(m);
  if (inside === undefined || isKnown?.(certificateDigest(inside))) return [own];
  const open = openCertificate(set, chain, inside);
  return typeof open === 'string' ? open : [own, ...open.signatures];
}

/** Gate 6, quorum, first half: certificates and NewViews rest on enough stake. */
export function checkStake(set: ValidatorSet, m: Message, needs: Thresholds = thresholds): RejectionName | undefined {
  const inside = certificateIn(m);
  if (inside !== undefined) {
    const signers = fromBitmap(inside.signers, set.validators.length) ?? [];
    return isEnough(set, inside.kind, signers, needs) ? undefined : 'QuorumNotReached';
  }
  if (m.kind !== 'new-view') return undefined;
  const named = m.content.viewChanges.map((v) => v.validator);
  return needs.isQuorum(set, stakeOf(set, named)) ? undefined : 'QuorumNotReached';
}

const certificateIn = (m: Message): Certificate | undefined =>
  m.kind === 'pre-prepare' ? m.certificate : m.kind === 'view-change' ? m.content.prepared : undefined;

function isWellFormed(m: Message): boolean {
  switch (m.kind) {
    case 'prepare':
    case 'commit':
      return true;
    case 'pre-prepare':
      return isWellFormedProposal(m);
    case 'view-change':
      return isWellFormedViewChange(m);
    case 'new-view':
      return isWellFormedNewView(m);
  }
}

function isWellFormedProposal({ vote: { vote }, block, certificate }: MessageOf<'pre-prepare'>): boolean {
  const { header } = block;
  return (
    header.height === vote.height &&
    header.view <= vote.view &&
    headerDigest(header) === vote.digest &&
    batchRefsDigest(block.batches) === header.batches &&
    certifiesParent(certificate, header.height, header.parent) &&
    (certificate === undefined ? ZERO_DIGEST : certificateDigest(certificate)) === header.certificate
  );
}

const certifiesParent = (c: Certificate | undefined, height: number, parent: Digest): boolean =>
  c === undefined ? height === 1 : isFinalKind(c.kind) && height > 1 && c.height === height - 1 && c.digest === parent;

/** Both claims are about this height and about views that it leaves. */
function isWellFormedViewChange({ vote: { vote }, content }: MessageOf<'view-change'>): boolean {
  const { lastVote, prepared } = content;
  return (
    vote.view > 0 &&
    viewChangeDigest(content) === vote.digest &&
    (lastVote === undefined || lastVote.view < vote.view) &&
    (prepared === undefined || (prepared.kind === 'prepared' && prepared.height === vote.height && prepared.view < vote.view))
  );
}

/** Each validator once, or one would count twice. */
function isWellFormedNewView({ vote: { vote }, content }: MessageOf<'new-view'>): boolean {
  const named = content.viewChanges.map((v) => v.validator);
  const ascending = named.every((v, i) => i === 0 || v > (named[i - 1] as number));
  return vote.view > 0 && ascending && newViewDigest(content) === vote.digest;
}
