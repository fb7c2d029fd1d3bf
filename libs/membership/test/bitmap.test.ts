import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBitmap, toBitmap } from '../src/index.ts';

describe('bitmaps of validators', () => {
  it.each([
    { n: 4, indices: [], bytes: [0], why: 'nobody still takes the byte' },
    { n: 4, indices: [0, 2], bytes: [0b101], why: 'validator 0 is the lowest bit' },
    { n: 8, indices: [7], bytes: [0x80], why: 'eight fit one byte' },
    { n: 9, indices: [8], bytes: [0, 1], why: 'the ninth begins the second' },
  ])('n = $n, $indices ↔ $bytes: $why', ({ n, indices, bytes }) => {
    expect([...toBitmap(indices, n)]).toEqual(bytes);
    expect(fromBitmap(new Uint8Array(bytes), n)).toEqual(indices);
  });
  it.each([
    { n: 4, bytes: [], why: 'too short' },
    { n: 4, bytes: [1, 0], why: 'too long: a second encoding of the same set' },
    { n: 4, bytes: [0b10000], why: 'validator 4 does not exist' },
    { n: 9, bytes: [0, 2], why: 'validator 9 does not exist' },
  ])('n = $n, $bytes is refused: $why', ({ n, bytes }) => {
    expect(fromBitmap(new Uint8Array(bytes), n)).toBeUndefined();
  });
  it('gives back any set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(199)), (indices) => {
        expect(fromBitmap(toBitmap(indices, 200), 200)).toEqual(indices.sort((a, b) => a - b));
      }),
    );
  });
});
