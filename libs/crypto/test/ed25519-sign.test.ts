import { describe, expect, it } from '@jest/globals';
import { ed25519 as noble } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { ed25519, isAcceptablePublicKey, keyPairFromSeed, type SignatureScheme, sign, verify, wipe } from '../src/index.ts';
import { unhex, verifyByTheRules } from './rules.ts';
import { rfc8032 } from './vectors/rfc8032.ts';

describe('RFC 8032 §7.1', () => {
  it.each(rfc8032)('$name: key, signature and verdict', (vector) => {
    const pair = keyPairFromSeed(unhex(vector.seed));
    const message = unhex(vector.message);
    const signature = unhex(vector.signature);
    expect(pair.publicKey).toEqual(unhex(vector.publicKey));
    expect(pair.secretKey).toEqual(unhex(vector.seed + vector.publicKey));
    expect(sign(pair.secretKey, message)).toEqual(signature);
    expect(verify(pair.publicKey, message, signature)).toBe(true);
    expect(verify(pair.publicKey, new Uint8Array([...message, 0]), signature)).toBe(false);
    expect(isAcceptablePublicKey(pair.publicKey)).toBe(true);
  });

  it('has all five vectors, the long one with its 1,023 bytes', () => {
    expect(rfc8032.map((v) => v.message.length / 2)).toEqual([0, 1, 2, 1023, 64]);
  });
});

describe('cross-check against noble', () => {
  it('same keys and signatures, and each accepts the other, for any seed and message', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 300 }), fc.nat(), (seed, message, flip) => {
        const { publicKey, secretKey } = keyPairFromSeed(seed);
        const signature = sign(secretKey, message);
        expect(publicKey).toEqual(noble.getPublicKey(seed));
        expect(signature).toEqual(noble.sign(message, seed));
        expect(noble.verify(signature, message, publicKey, { zip215: false })).toBe(true);
        expect(verify(publicKey, message, signature)).toBe(true);
        const bit = flip % 512;
        signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(verify(publicKey, message, signature)).toBe(false);
        expect(verifyByTheRules(publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });
});

describe('misuse', () => {
  const { publicKey, secretKey } = keyPairFromSeed(new Uint8Array(32));
  const text = new Uint8Array(3);

  it.each([
    ['a seed of 31 bytes', () => keyPairFromSeed(new Uint8Array(31))],
    ['a seed that is text', () => keyPairFromSeed('a'.repeat(32) as unknown as Uint8Array)],
    ['a public key in place of the secret key', () => sign(publicKey, text)],
    ['a secret key of 65 bytes', () => sign(new Uint8Array(65), text)],
    ['a message that is text', () => sign(secretKey, 'abc' as unknown as Uint8Array)],
  ])('%s is a RangeError that shows no key material', (_, act) => {
    expect(act).toThrow(RangeError);
    expect(act).not.toThrow(/[0-9a-f]{8}/);
  });

  it('wiping leaves only zeros, in that view alone', () => {
    const memory = new Uint8Array(80).fill(1);
    wipe(memory.subarray(8, 72));
    expect([...memory]).toEqual([...new Array(8).fill(1), ...new Array(64).fill(0), ...new Array(8).fill(1)]);
    wipe(new Uint8Array(0));
  });
});

describe('the port', () => {
  it('is filled by the real scheme', () => {
    const scheme: SignatureScheme = ed25519;
    const { publicKey, secretKey } = keyPairFromSeed(new Uint8Array(32).fill(1));
    const message = new Uint8Array([1, 2, 3]);
    expect(scheme.verify(publicKey, message, scheme.sign(secretKey, message))).toBe(true);
  });
});
