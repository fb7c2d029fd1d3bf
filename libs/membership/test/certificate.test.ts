import { ed25519 } from '@bursar/crypto';
import { type Certificate, chainId, type Phase, voteHash } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { finalKinds, genesisSet, isFinalKind, toBitmap, verifyCertificate } from '../src/index.ts';
import { genesisOf, keysOf } from './support/genesis.ts';

const genesis = genesisOf([1, 1, 1, 1]);
const chain = chainId(genesis);
const set = genesisSet(genesis);
const digest = 'ab'.repeat(32);

function certificate(kind: Certificate['kind'], signers: number[], signedPhase: Phase, change: Partial<Certificate> = {}): Certificate {
  const vote = { chain, epoch: 0, height: 7, view: 2, phase: signedPhase, digest };
  const signatures = signers.map((i) => ed25519.sign(keysOf(i).secretKey, voteHash(vote)));
  return { kind, chain, epoch: 0, height: 7, view: 2, digest, signers: toBitmap(signers, 4), signatures, ...change };
}
const right = certificate('commit', [0, 1, 3], 'commit');

it('Commits of a quorum and Prepares of all make a block final, Prepares of a quorum do not', () => {
  expect((['prepared', 'commit', 'fast'] as const).filter(isFinalKind)).toEqual([...finalKinds]);
});

describe('verifyCertificate', () => {
  it.each([
    { of: right, verdict: undefined, why: 'three of four committed' },
    { of: certificate('prepared', [0, 1, 2, 3], 'prepare'), verdict: undefined, why: 'all prepared' },
    { of: certificate('commit', [0, 3], 'commit'), verdict: 'QuorumNotReached', why: 'two of four' },
    { of: certificate('commit', [0, 1, 3], 'prepare'), verdict: 'InvalidSignature', why: 'Prepares are no Commits' },
    { of: certificate('prepared', [0, 1, 3], 'commit'), verdict: 'InvalidSignature', why: 'Commits are no Prepares' },
    { of: certificate('fast', [0, 1, 2, 3], 'prepare'), verdict: undefined, why: 'all prepared, and that is final' },
    { of: certificate('fast', [0, 1, 3], 'prepare'), verdict: 'QuorumNotReached', why: 'a quorum is not all' },
    { of: certificate('fast', [0, 1, 2, 3], 'commit'), verdict: 'InvalidSignature', why: 'Commits are no Prepares' },
    { of: { ...right, kind: 'fast' as const }, verdict: 'QuorumNotReached', why: 'another kind' },
    { of: { ...right, height: 8 }, verdict: 'InvalidSignature', why: 'another height was signed' },
    { of: { ...right, view: 1 }, verdict: 'InvalidSignature', why: 'another view was signed' },
    { of: { ...right, digest: 'cd'.repeat(32) }, verdict: 'InvalidSignature', why: 'another block was signed' },
    { of: { ...right, chain: 'cd'.repeat(32) }, verdict: 'WrongChain', why: 'another chain' },
    { of: { ...right, epoch: 1 }, verdict: 'UnknownValidator', why: 'another epoch' },
    { of: { ...right, signers: toBitmap([0, 1, 2], 4) }, verdict: 'InvalidSignature', why: 'validator 2 did not sign' },
    { of: { ...right, signers: toBitmap([0, 1, 2, 3], 4) }, verdict: 'MalformedMessage', why: 'more bits than signatures' },
    { of: { ...right, signers: new Uint8Array([0x1b]) }, verdict: 'MalformedMessage', why: 'a bit beyond the set' },
    { of: { ...right, signatures: right.signatures.slice(0, 2) }, verdict: 'MalformedMessage', why: 'a signature is missing' },
    { of: { ...right, signatures: right.signatures.toReversed() }, verdict: 'InvalidSignature', why: 'out of order' },
  ])('$verdict: $why', ({ of, verdict }) => {
    expect(verifyCertificate(set, chain, of, ed25519)).toBe(verdict);
  });
});
