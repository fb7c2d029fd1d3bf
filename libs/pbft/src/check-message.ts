import type { Verifier } from '@bursar/crypto';
import { isFinalKind, publicKeyOf, stakeOf, type Thresholds, thresholds, type ValidatorSet, verifyCertificate } from '@bursar/membership';
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
  readonly thresholds?: Thresholds;
}

const phaseOf: Record<Message['kind'], Phase> = {
  'pre-prepare': 'prepare',
  prepare: 'prepare',
  commit: 'commit',
  'view-change': 'view-change',
  'new-view': 'new-view',
};

/**
 * Gates 1 and 2 of a consensus message (C5): what can be said of it without any state: its parts agree with its digests, its
 * certificates and its signature are right. The engine takes only messages that passed. The message came out of its decoder.
 *
 * @returns undefined, or WrongChain, UnknownValidator, MalformedMessage, QuorumNotReached, InvalidSignature.
 */
export function checkMessage(
  set: ValidatorSet,
  chain: Digest,
  m: Message,
  verifier: Verifier,
  options: CheckOptions = {},
): RejectionName | undefined {
  const { vote, validator, signature } = m.vote;
  const key = publicKeyOf(set, validator);
  if (vote.chain !== chain) return 'WrongChain';
  if (key === undefined || vote.epoch !== set.epoch) return 'UnknownValidator';
  if (vote.phase !== phaseOf[m.kind] || vote.height < 1) return 'MalformedMessage';
  const wrong = checkContent(set, m, options);
  if (wrong !== undefined) return wrong;
  if (!verifier.verify(key, voteHash(vote), signature)) return 'InvalidSignature';
  // The signer answers for the rest, so the dear part comes last.
  const inside = m.kind === 'pre-prepare' ? m.certificate : m.kind === 'view-change' ? m.content.prepared : undefined;
  if (inside === undefined || options.isKnown?.(certificateDigest(inside))) return undefined;
  return verifyCertificate(set, chain, inside, verifier, options.thresholds);
}

function checkContent(set: ValidatorSet, m: Message, options: CheckOptions): RejectionName | undefined {
  switch (m.kind) {
    case 'prepare':
    case 'commit':
      return undefined;
    case 'pre-prepare':
      return isWellFormedProposal(m) ? undefined : 'MalformedMessage';
    case 'view-change':
      return isWellFormedViewChange(m) ? undefined : 'MalformedMessage';
    case 'new-view':
      return checkNewView(set, m, options);
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

function checkNewView(
  set: ValidatorSet,
  { vote: { vote }, content }: MessageOf<'new-view'>,
  options: CheckOptions,
): RejectionName | undefined {
  const named = content.viewChanges.map((v) => v.validator);
  const ascending = named.every((v, i) => i === 0 || v > (named[i - 1] as number));
  if (vote.view === 0 || !ascending || newViewDigest(content) !== vote.digest) return 'MalformedMessage';
  if (named.some((v) => set.validators[v] === undefined)) return 'UnknownValidator';
  return (options.thresholds ?? thresholds).isQuorum(set, stakeOf(set, named)) ? undefined : 'QuorumNotReached';
}
