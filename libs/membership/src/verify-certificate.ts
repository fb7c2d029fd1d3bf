import type { Verifier } from '@bursar/crypto';
import { type Certificate, type Digest, fromHex, type RejectionName, voteHash } from '@bursar/protocol';
import { fromBitmap } from './bitmap.ts';
import { stakeOf, type Thresholds, thresholds } from './stake.ts';
import type { ValidatorSet } from './validator-set.ts';

const keys = new WeakMap<ValidatorSet, readonly Uint8Array[]>();

/** Public key of a validator as bytes, 32; undefined if there is no such validator. Parsed once for each set. */
export function publicKeyOf(set: ValidatorSet, index: number): Uint8Array | undefined {
  let known = keys.get(set);
  if (known === undefined) {
    known = set.validators.map((v) => fromHex(v.publicKey));
    keys.set(set, known);
  }
  return known[index];
}

/**
 * Checks a certificate by itself: of this chain and epoch, well formed, signed by a quorum (K1) or, a `fast` one, by all
 * stake (K2), every signature right. `prepared` and `fast` ones are over Prepares, a `commit` one over Commits. What it certifies is
 * in it: the caller compares height and digest, and `isFinalKind` where it must make a block final.
 *
 * @returns undefined if it is valid, else WrongChain, UnknownValidator, MalformedMessage, QuorumNotReached or InvalidSignature.
 */
export function verifyCertificate(
  set: ValidatorSet,
  chain: Digest,
  certificate: Certificate,
  verifier: Verifier,
  needs: Thresholds = thresholds,
): RejectionName | undefined {
  if (certificate.chain !== chain) return 'WrongChain';
  if (certificate.epoch !== set.epoch) return 'UnknownValidator';
  const signers = fromBitmap(certificate.signers, set.validators.length);
  if (signers === undefined || signers.length !== certificate.signatures.length) return 'MalformedMessage';
  const isEnough = certificate.kind === 'fast' ? needs.isAll : needs.isQuorum;
  if (!isEnough(set, stakeOf(set, signers))) return 'QuorumNotReached';
  const { epoch, height, view, digest } = certificate;
  const phase = certificate.kind === 'commit' ? 'commit' : 'prepare';
  const signed = voteHash({ chain, epoch, height, view, phase, digest });
  for (const [i, signer] of signers.entries()) {
    if (!verifier.verify(publicKeyOf(set, signer) as Uint8Array, signed, certificate.signatures[i] as Uint8Array))
      return 'InvalidSignature';
  }
  return undefined;
}
