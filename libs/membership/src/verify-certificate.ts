import type { SignedMessage, Verifier } from '@bursar/crypto';
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

/** A certificate whose form is right: who signed it, and the signatures that prove it. */
export interface OpenCertificate {
  /** Ascending. */
  readonly signers: readonly number[];
  readonly signatures: readonly SignedMessage[];
}

/**
 * What of a certificate is to be verified; form, chain and epoch only are judged here.
 *
 * @returns its signatures with what they are over, or WrongChain, UnknownValidator, MalformedMessage.
 */
export function openCertificate(set: ValidatorSet, chain: Digest, certificate: Certificate): OpenCertificate | RejectionName {
  if (certificate.chain !== chain) return 'WrongChain';
  if (certificate.epoch !== set.epoch) return 'UnknownValidator';
  const signers = fromBitmap(certificate.signers, set.validators.length);
  if (signers === undefined || signers.length !== certificate.signatures.length) return 'MalformedMessage';
  const { epoch, height, view, digest } = certificate;
  const phase = certificate.kind === 'commit' ? 'commit' : 'prepare';
  const message = voteHash({ chain, epoch, height, view, phase, digest });
  const signatures = certificate.signatures.map((signature, i) => ({
    publicKey: publicKeyOf(set, signers[i] as number) as Uint8Array,
    message,
    signature,
  }));
  return { signers, signatures };
}

/** Whether these signers are a quorum (K1) or, for a `fast` certificate, all stake (K2). */
export const isEnough = (
  set: ValidatorSet,
  kind: Certificate['kind'],
  signers: readonly number[],
  needs: Thresholds = thresholds,
): boolean => (kind === 'fast' ? needs.isAll : needs.isQuorum)(set, stakeOf(set, signers));

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
  const open = openCertificate(set, chain, certificate);
  if (typeof open === 'string') return open;
  if (!isEnough(set, certificate.kind, open.signers, needs)) return 'QuorumNotReached';
  const isSigned = open.signatures.every((s) => verifier.verify(s.publicKey, s.message, s.signature));
  return isSigned ? undefined : 'InvalidSignature';
}
