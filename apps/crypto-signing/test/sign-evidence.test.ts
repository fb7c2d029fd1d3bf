import { keyPairFromSeed, sign, verify } from '@bursar/crypto';
import {
  type Evidence,
  evidenceOf,
  evidenceTransaction,
  type Genesis,
  type Statement,
  toHex,
  transactionHash,
  voteHash,
  voteOf,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { evidenceSigner } from '../src/core/sign-evidence.ts';

const chain = '1'.repeat(64);
const keys = [0, 1, 2].map((n) => keyPairFromSeed(new Uint8Array(32).fill(n + 1)));
const [own, offender] = keys as [(typeof keys)[0], (typeof keys)[0]];
const reporter = toHex(own.publicKey);
const genesis = { validators: keys.map((k) => ({ name: 'v', publicKey: toHex(k.publicKey), stake: 1n })) } as unknown as Genesis;
const record = { behind: false };
const signEvidence = evidenceSigner({ genesis, chain, reporter, record, sign: (hash) => sign(own.secretKey, hash) });

function statement(digest: string): Statement {
  const bare = { phase: 'commit', view: 0, digest, signature: new Uint8Array(64), content: undefined } as const;
  return { ...bare, signature: sign(offender.secretKey, voteHash(voteOf(chain, { epoch: 0, height: 4 } as Evidence, bare))) };
}
const genuine = evidenceOf(1, 0, 4, statement('a'.repeat(64)), statement('b'.repeat(64)));

describe('S3 evidence is handed in with the key of the validator', () => {
  it('what is signed is the transaction with that evidence and nothing else, the same each time', () => {
    const hash = transactionHash(evidenceTransaction(chain, reporter, genuine));
    expect(verify(own.publicKey, hash, signEvidence(genuine))).toBe(true);
    expect(toHex(signEvidence(genuine))).toBe(toHex(signEvidence(genuine)));
  });
  const rows: [sentence: string, evidence: Evidence][] = [
    ['somebody else is accused', { ...genuine, validator: 2 }],
    ['the signatures are of another height', { ...genuine, height: 5 }],
    ['a signature is forged', { ...genuine, first: { ...genuine.first, signature: new Uint8Array(64) } }],
    ['nothing contradicts', { ...genuine, second: genuine.first }],
  ];
  it.each(rows)('never when %s', (_, evidence) => {
    expect(() => signEvidence(evidence)).toThrow(expect.objectContaining({ reason: 'EVIDENCE_INVALID' }));
  });
  it('never while the record lacks a signature', () => {
    record.behind = true;
    expect(() => signEvidence(genuine)).toThrow(expect.objectContaining({ reason: 'SIGNER_BEHIND' }));
    record.behind = false;
  });
});
