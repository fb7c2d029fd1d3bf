/** What peers answered to a fetch, read and compared with what was asked for. Total: undefined for anything else. */

import type { Verifier } from '@bursar/crypto';
import { checkMessage, type Effect, type Params, type Proposal, proposalCodec } from '@bursar/pbft';
import {
  batchRefsDigest,
  certificateDigest,
  type Digest,
  decode,
  headerDigest,
  type Message,
  message as messageCodec,
  ZERO_DIGEST,
} from '@bursar/protocol';

/** Header, references and certificate hang together by digests: with only the header compared, a bad peer could give other references. */
export function proposalOf(bytes: Uint8Array, digest: Digest): Proposal | undefined {
  try {
    const found = decode(proposalCodec, bytes);
    const { header, batches } = found.block;
    const certificate = found.certificate === undefined ? ZERO_DIGEST : certificateDigest(found.certificate);
    const isWhole = headerDigest(header) === digest && batchRefsDigest(batches) === header.batches && certificate === header.certificate;
    return isWhole ? found : undefined;
  } catch {
    return undefined;
  }
}

/** The ViewChange that was asked for, with its signatures checked. */
export function viewChangeOf(
  bytes: Uint8Array,
  wanted: Extract<Effect, { type: 'fetch-view-change' }>,
  { set, chain }: Params,
  verifier: Verifier,
): Message | undefined {
  try {
    const found = decode(messageCodec, bytes);
    const { vote, validator } = found.vote;
    const isWanted =
      found.kind === 'view-change' &&
      validator === wanted.validator &&
      vote.height === wanted.height &&
      vote.view === wanted.view &&
      vote.digest === wanted.digest;
    return isWanted && checkMessage(set, chain, found, verifier) === undefined ? found : undefined;
  } catch {
    return undefined;
  }
}
