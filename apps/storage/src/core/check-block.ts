/** Whether a block may be executed next: certificate, link to the block before, bodies (docs/protocol.md, "Blocks"). */
import type { Verifier } from '@bursar/crypto';
import { isFinalKind, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import {
  type Batch,
  type Block,
  batchCodec,
  batchDigest,
  batchRefsDigest,
  block,
  type Certificate,
  certificate,
  certificateDigest,
  DecodeError,
  type Digest,
  decode,
  headerDigest,
  limits,
  type RejectionName,
  ZERO_DIGEST,
} from '@bursar/protocol';

/** What is final here. */
export interface Tip {
  readonly height: number;
  /** Digest of its header; the chain id at height 0. */
  readonly hash: Digest;
  readonly time: number;
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
}

/** As it came over the wire. */
export interface RawBlock {
  readonly block: Uint8Array;
  readonly certificate: Uint8Array;
  readonly batches: readonly Uint8Array[];
}

export interface Candidate {
  readonly block: Block;
  readonly hash: Digest;
  readonly certificate: Certificate;
}
export interface Refusal {
  readonly refused: RejectionName;
  readonly why: string;
}
const refuse = (refused: RejectionName, why: string): Refusal => ({ refused, why });

/** Form and certificate: a candidate is final on this chain, whatever this node holds. */
export function checkCertified(raw: Omit<RawBlock, 'batches'>, chain: Digest, set: ValidatorSet, verifier: Verifier): Candidate | Refusal {
  const checked = checkRun([raw], chain, set, verifier);
  return 'refused' in checked ? checked : (checked[0] as Candidate);
}

/**
 * A run of consecutive blocks (K7): all of them are final, and every certificate is valid. The parents' digests tie each block to
 * the newest, whose signatures are checked. A header that a quorum prepared names the certificate of the height before, and no honest
 * validator prepares it without having checked that one: a certificate so named needs no other check, any other one is checked
 * by its signatures (docs/decisions/0011).
 */
export function checkRun(
  raws: readonly Omit<RawBlock, 'batches'>[],
  chain: Digest,
  set: ValidatorSet,
  verifier: Verifier,
): Candidate[] | Refusal {
  const run: Candidate[] = [];
  for (const raw of raws) {
    const found = readCandidate(raw, chain, set);
    if ('refused' in found) return found;
    const before = run.at(-1);
    if (before && (found.block.header.height !== before.block.header.height + 1 || found.block.header.parent !== before.hash))
      return refuse('MalformedMessage', `block ${found.block.header.height} does not follow the one before it in the run`);
    run.push(found);
  }
  for (const [i, { block: b, certificate: c }] of [...run.entries()].reverse()) {
    const named = run[i + 1]?.block.header.certificate;
    const bad = named === certificateDigest(c) ? undefined : verifyCertificate(set, chain, c, verifier);
    if (bad) return refuse(bad, `the certificate does not prove block ${b.header.height} final`);
  }
  return run;
}

function readCandidate(raw: Omit<RawBlock, 'batches'>, chain: Digest, set: ValidatorSet): Candidate | Refusal {
  let b: Block;
  let c: Certificate;
  try {
    b = decode(block, raw.block);
    c = decode(certificate, raw.certificate);
  } catch (e) {
    if (e instanceof DecodeError) return refuse('MalformedMessage', `block or certificate: ${e.message}`);
    throw e;
  }
  const hash = headerDigest(b.header);
  if (b.header.version !== 1 || b.header.epoch !== set.epoch)
    return refuse('MalformedMessage', 'the header is of another version or epoch');
  if (b.header.chain !== chain) return refuse('WrongChain', 'the block is of another chain');
  if (b.header.height < 1) return refuse('MalformedMessage', 'heights count from 1');
  if (b.header.batches !== batchRefsDigest(b.batches)) return refuse('MalformedMessage', 'the references are not those of the header');
  if (!isFinalKind(c.kind)) return refuse('QuorumNotReached', `a certificate of kind ${c.kind} makes nothing final`);
  if (c.height !== b.header.height || c.digest !== hash) return refuse('MalformedMessage', 'the certificate is for another block');
  return { block: b, hash, certificate: c };
}

/**
 * The link of a certified block to ours. A certified block that does not continue our chain means that this node or a quorum
 * computed something else: a fork (C13), never an ordinary refusal.
 */
export function forkReason({ block: { header } }: Pick<Candidate, 'block'>, tip: Tip): string | undefined {
  if (header.parent !== tip.hash) return `its parent is ${header.parent}, ours is ${tip.hash}`;
  if (header.stateRoot !== tip.stateRoot) return `it bears state root ${header.stateRoot}, ours is ${tip.stateRoot}`;
  if (header.resultsRoot !== tip.resultsRoot) return `it bears results root ${header.resultsRoot}, ours is ${tip.resultsRoot}`;
  if (header.time <= tip.time) return `its time ${header.time} is not after ${tip.time}`;
  if ((header.certificate === ZERO_DIGEST) !== (header.height === 1)) return 'its certificate digest does not fit its height';
  return undefined;
}

/** The bodies against the references; `chain` is checked as well. */
export function checkBodies(b: Block, bodies: readonly Uint8Array[], chain: Digest): Batch[] | Refusal {
  if (bodies.length !== b.batches.length) return refuse('MalformedMessage', `${bodies.length} bodies for ${b.batches.length} references`);
  const decoded: Batch[] = [];
  for (const [i, ref] of b.batches.entries()) {
    const body = bodies[i] as Uint8Array;
    if (body.length > limits.batch) return refuse('MalformedMessage', `body ${i} has ${body.length} bytes, more than ${limits.batch}`);
    if (body.length !== ref.bytes || batchDigest(body) !== ref.digest)
      return refuse('MalformedMessage', `body ${i} is not the one referred to`);
    try {
      decoded.push(decode(batchCodec, body));
    } catch (e) {
      if (e instanceof DecodeError) return refuse('MalformedMessage', `body ${i}: ${e.message}`);
      throw e;
    }
    const batch = decoded[i] as Batch;
    const same =
      batch.chain === chain &&
      batch.origin === ref.origin &&
      batch.number === ref.number &&
      batch.expiresAt === ref.expiresAt &&
      batch.entries.length === ref.transactions;
    if (!same) return refuse('MalformedMessage', `body ${i} contradicts its reference`);
  }
  return decoded;
}
