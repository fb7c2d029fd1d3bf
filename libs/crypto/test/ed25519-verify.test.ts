import { describe, expect, it } from '@jest/globals';
import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { isAcceptablePublicKey, keyPairFromSeed, sign, verify, verifyMany } from '../src/index.ts';
import { challenge, fromLE, L, P, Point, timesWhole, toLE, unhex, verifyByTheRules } from './rules.ts';
import { smallOrder } from './vectors/small-order.ts';
import { speccheck } from './vectors/speccheck.ts';

const seed = new Uint8Array(32).fill(7);
const { publicKey, secretKey } = keyPairFromSeed(seed);
const message = new TextEncoder().encode('pay 100 to Ada');
const signature = sign(secretKey, message);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const [R, S] = [signature.slice(0, 32), fromLE(signature.slice(32))];
const torsion = ED25519_TORSION_SUBGROUP.map((point) => Point.fromHex(point));

describe('ed25519-speccheck', () => {
  it.each(speccheck)('case $name', ({ publicKey: key, message: text, signature: sig, valid, key: order }) => {
    expect(verify(unhex(key), unhex(text), unhex(sig))).toBe(valid);
    expect(verifyByTheRules(unhex(key), unhex(text), unhex(sig))).toBe(valid);
    expect(isAcceptablePublicKey(unhex(key))).toBe(order === 'sound');
  });
});

describe('a small-order point, in any encoding', () => {
  it.each(smallOrder)('%s is no key: neither registered nor verified under, even where the equation holds', (_, hex) => {
    const key = unhex(hex);
    expect(isAcceptablePublicKey(key)).toBe(false);
    // Under A of small order, S = 0 and R = −[k]A satisfies the equation for about one message in eight.
    for (const point of torsion) {
      for (let n = 0; n < 8; n += 1) expect(verify(key, new Uint8Array([n]), join(point.toBytes(), new Uint8Array(32)))).toBe(false);
    }
    expect(verify(key, message, signature)).toBe(false);
  });

  it.each(smallOrder)('%s is no commitment R, even where the equation holds', (_, hex) => {
    const r = unhex(hex);
    const a = fromLE(new Uint8Array(32).fill(9)) % L;
    const key = Point.BASE.multiply(a).toBytes();
    const k = challenge(r, key, message);
    expect(isAcceptablePublicKey(key)).toBe(true);
    expect(verify(key, message, join(r, toLE((k * a) % L)))).toBe(false);
  });
});

describe('points with a small-order part', () => {
  const a = 123_456_789n;
  const r = 987_654_321n;

  it('the equation without cofactor decides: 64 combinations on A and R × 4 messages agree with the written rules', () => {
    const verdicts = { true: 0, false: 0 };
    for (const ta of torsion) {
      for (const tr of torsion) {
        const key = Point.BASE.multiply(a).add(ta).toBytes();
        const commitment = Point.BASE.multiply(r).add(tr).toBytes();
        for (let n = 0; n < 4; n += 1) {
          const text = new Uint8Array([n]);
          const k = challenge(commitment, key, text);
          const sig = join(commitment, toLE((r + k * a) % L));
          // With the cofactor all of these would hold; without it only those whose small-order parts cancel.
          const cancels = timesWhole(ta, k).add(tr).equals(Point.ZERO);
          expect(verify(key, text, sig)).toBe(cancels);
          expect(verifyByTheRules(key, text, sig)).toBe(cancels);
          verdicts[`${cancels}`] += 1;
        }
      }
    }
    expect(verdicts.true).toBeGreaterThan(10);
    expect(verdicts.false).toBeGreaterThan(100);
  });

  it('registration refuses every mixed-order key, the one with a part of order 2 included', () => {
    for (const point of torsion) {
      expect(isAcceptablePublicKey(Point.BASE.multiply(a).add(point).toBytes())).toBe(point.equals(Point.ZERO));
    }
  });
});

describe('malleability', () => {
  it('the honest signature holds', () => expect(verify(publicKey, message, signature)).toBe(true));

  it.each<[string, Uint8Array]>([
    ['S + L, the same scalar, which a check of the top three bits alone lets through', join(R, toLE(S + L))],
    ['S + 2L', join(R, toLE(S + 2n * L))],
    ['S + 8L', join(R, toLE(S + 8n * L))],
    ['S + 15L, the largest that fits 256 bits', join(R, toLE(S + 15n * L))],
    ['−S', join(R, toLE(L - S))],
    ['S = 0', join(R, new Uint8Array(32))],
    ['S = 1', join(R, toLE(1n))],
    ['S = L', join(R, toLE(L))],
    ['S = L − 1', join(R, toLE(L - 1n))],
    ['S = 2^252', join(R, toLE(2n ** 252n))],
    ['S = p', join(R, toLE(P))],
    ['S of all ones', join(R, new Uint8Array(32).fill(255))],
    ['the sign bit of R flipped', join(toLE(fromLE(R) ^ (1n << 255n)), toLE(S))],
    ['R and S both zero', new Uint8Array(64)],
    ['R negated and S negated', join(Point.fromBytes(R).negate().toBytes(), toLE(L - S))],
    ['one byte of garbage behind', join(signature, new Uint8Array(1))],
    ['the signature twice', join(signature, signature)],
    ['one byte short', signature.slice(0, 63)],
    ['R alone', R],
    ['nothing', new Uint8Array(0)],
  ])('%s is refused', (_, sig) => {
    expect(verify(publicKey, message, sig)).toBe(false);
    expect(verifyByTheRules(publicKey, message, sig)).toBe(false);
  });

  it('honest signatures hold over the whole range of S, the top tenth below L included', () => {
    const texts = Array.from({ length: 200 }, (_, n) => new Uint8Array([n]));
    const scalars = texts.map((text) => {
      const sig = sign(secretKey, text);
      expect(verify(publicKey, text, sig)).toBe(true);
      return fromLE(sig.slice(32));
    });
    expect(scalars.every((s) => s < L)).toBe(true);
    expect(scalars.some((s) => s > (L * 9n) / 10n)).toBe(true);
  });

  it('every flipped bit of key, message and signature is refused', () => {
    const parts = { publicKey, message, signature };
    for (const name of ['publicKey', 'message', 'signature'] as const) {
      for (let bit = 0; bit < parts[name].length * 8; bit += 1) {
        const changed = parts[name].slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const wrong = { ...parts, [name]: changed };
        expect(verify(wrong.publicKey, wrong.message, wrong.signature)).toBe(false);
      }
    }
  });
});

describe('keys that are no points', () => {
  const offCurve = Array.from({ length: 40 }, (_, y) => toLE(BigInt(y + 2))).filter((key) => {
    try {
      return Point.fromBytes(key) === undefined;
    } catch {
      return true;
    }
  });
  it('y without an x is refused', () => {
    expect(offCurve.length).toBeGreaterThan(5);
    for (const key of offCurve) {
      expect(isAcceptablePublicKey(key)).toBe(false);
      expect(verify(key, message, signature)).toBe(false);
    }
  });

  it.each(Array.from({ length: 19 }, (_, i) => i))('y = p + %i is refused with either sign: it is not canonical', (i) => {
    for (const sign of [0n, 1n << 255n]) {
      const key = toLE((P + BigInt(i)) | sign);
      expect(isAcceptablePublicKey(key)).toBe(false);
      expect(verify(key, message, signature)).toBe(false);
    }
  });
});

describe('totality', () => {
  const odd: unknown[] = [
    undefined,
    null,
    0,
    '',
    'x'.repeat(32),
    {},
    [],
    new Array(32).fill(1),
    new ArrayBuffer(32),
    new DataView(new ArrayBuffer(32)),
  ];
  const lengths = [0, 1, 31, 32, 33, 63, 64, 65].map((n) => new Uint8Array(n).fill(1));

  it('answers false, without an exception, to every wrong type and length', () => {
    for (const wrong of [...odd, ...lengths] as Uint8Array[]) {
      expect(verify(wrong, message, signature)).toBe(false);
      expect(verify(publicKey, wrong, signature)).toBe(false);
      expect(verify(publicKey, message, wrong)).toBe(false);
      expect(verify(wrong, wrong, wrong)).toBe(false);
      expect(isAcceptablePublicKey(wrong)).toBe(false);
    }
  });

  it('answers false when a buffer was transferred away', () => {
    const gone = signature.slice();
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(verify(publicKey, message, gone)).toBe(false);
  });

  it('reads views where they lie: Buffers, offsets and shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3 + message.length));
    shared.set(message, 3);
    const padded = join(new Uint8Array(5), signature, new Uint8Array(5)).subarray(5, 69);
    expect(verify(Buffer.from(publicKey), shared.subarray(3), padded)).toBe(true);
    expect(verify(publicKey, shared, padded)).toBe(false);
  });
});

describe('verifyMany', () => {
  const good = { publicKey, message, signature };
  const bad = { publicKey, message, signature: join(R, toLE(S + L)) };

  it('answers each item as verify does, in order, and nothing for nothing', () => {
    expect(verifyMany([])).toEqual([]);
    expect(verifyMany([good, bad, good])).toEqual([true, false, true]);
    const items = speccheck.map((c) => ({ publicKey: unhex(c.publicKey), message: unhex(c.message), signature: unhex(c.signature) }));
    expect(verifyMany(items)).toEqual(speccheck.map((c) => c.valid));
  });

  it('does not let two errors cancel, as a sum over a batch would', () => {
    const plus = { publicKey, message, signature: join(R, toLE((S + 1n) % L)) };
    const minus = { publicKey, message, signature: join(R, toLE((S + L - 1n) % L)) };
    expect(verifyMany([plus, minus])).toEqual([false, false]);
  });
});
