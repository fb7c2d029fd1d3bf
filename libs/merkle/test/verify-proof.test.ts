import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { depthOf, type InclusionClaim, MAX_LEAVES, merkleProof, merkleRoot, verifyProof } from '../src/index.ts';
import { sealRoot } from '../src/seal-root.ts';
import { zeroHash } from '../src/zero-hashes.ts';
import { leafOf, leavesOf } from './reference.ts';

const claimOf = (count: number, index: number): InclusionClaim => {
  const leaves = leavesOf(count);
  return { root: merkleRoot(leaves), leaf: leafOf(index), index, leafCount: count, path: merkleProof(leaves, index) };
};

describe('depth', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [2 ** 20 - 1, 20],
    [2 ** 20, 20],
    [2 ** 20 + 1, 21],
    [2 ** 31, 31],
    [2 ** 31 + 1, 32],
    [2 ** 32, 32],
  ])('of %i leaves is %i', (count, depth) => expect(depthOf(count)).toBe(depth));

  it.each([-1, 0.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY])('of %d is refused', (count) =>
    expect(() => depthOf(count)).toThrow(RangeError),
  );
});

describe('a true claim', () => {
  it.each([1, 2, 3, 4, 5, 8, 9, 16, 17])('holds for every leaf of %i', (count) => {
    for (let index = 0; index < count; index += 1) expect(verifyProof(claimOf(count, index))).toBe(true);
  });

  it('holds when its bytes are Buffers or stand in the middle of a larger buffer', () => {
    const claim = claimOf(6, 4);
    const inside = (bytes: Uint8Array): Uint8Array => Buffer.concat([new Uint8Array(7), bytes, new Uint8Array(9)]).subarray(7, 39);
    const moved = { ...claim, root: Buffer.from(claim.root), leaf: inside(claim.leaf), path: claim.path.map(inside) };
    expect(verifyProof(moved)).toBe(true);
    expect(new Uint8Array(moved.leaf)).toEqual(claim.leaf); // and is left as it was
  });

  it('holds at the far end of 2^32 leaves, where 32-bit indexes would wrap', () => {
    // Only the last leaf is not zero: its siblings are the zero hashes, so the root can be known without 2^32 leaves.
    const path = Array.from({ length: 32 }, (_, level) => zeroHash(level));
    const top = path.reduce((node, sibling) => createHash('sha256').update(sibling).update(node).digest(), Buffer.from(leafOf(1)));
    const claim = { root: sealRoot(MAX_LEAVES, top), leaf: leafOf(1), index: MAX_LEAVES - 1, leafCount: MAX_LEAVES, path };
    expect(verifyProof(claim)).toBe(true);
    expect(verifyProof({ ...claim, index: 2 ** 31 - 1 })).toBe(false);
    expect(verifyProof({ ...claim, index: MAX_LEAVES })).toBe(false);
  });
});

describe('a false claim', () => {
  const claim = claimOf(6, 4);
  const sibling = (level: number): Uint8Array => claim.path[level] as Uint8Array;
  const inner = createHash('sha256').update(claim.leaf).update(sibling(0)).digest();
  const four = claimOf(4, 1);
  const parent = createHash('sha256').update(leafOf(0)).update(leafOf(1)).digest();

  it.each<[string, InclusionClaim]>([
    ['another leaf', { ...claim, leaf: leafOf(5) }],
    ['another index', { ...claim, index: 5 }],
    ['another root', { ...claim, root: claimOf(5, 4).root }],
    ['the bare top in place of the root', { ...four, root: createHash('sha256').update(parent).update(sibling(1)).digest() }],
    ['a smaller count of the same depth', { ...claim, leafCount: 5 }],
    ['a larger count of the same depth', { ...claim, leafCount: 7 }],
    ['an inner node as a leaf of half as many', { ...claim, leaf: inner, index: 2, leafCount: 3, path: claim.path.slice(1) }],
    ['an inner node as a leaf under the true count', { ...claim, leaf: inner, index: 2, path: claim.path.slice(1) }],
    ['a pair of leaves shown one level lower', { ...four, leaf: leafOf(0), index: 0, leafCount: 8, path: [leafOf(1), ...four.path] }],
    [
      'the padding behind the last leaf',
      { ...claimOf(5, 4), leaf: new Uint8Array(32), index: 5, path: [leafOf(4), ...claimOf(5, 4).path.slice(1)] },
    ],
    ['an index equal to the count', { ...claim, index: 6 }],
    ['a path that is too short', { ...claim, path: claim.path.slice(0, 2) }],
    ['a path that is too long', { ...claim, path: [...claim.path, zeroHash(3)] }],
    ['a path in reverse', { ...claim, path: [...claim.path].reverse() }],
    ['an empty path', { ...claim, path: [] }],
    ['a sibling of 31 bytes', { ...claim, path: [sibling(0), sibling(1).subarray(1), sibling(2)] }],
    ['a leaf of 33 bytes', { ...claim, leaf: new Uint8Array(33) }],
    ['an empty root', { ...claim, root: new Uint8Array(0) }],
    ['a negative index', { ...claim, index: -2 }],
    ['a fractional index', { ...claim, index: 4.5 }],
    ['an index that is not a number', { ...claim, index: Number.NaN }],
    ['a count of zero', { ...claim, leafCount: 0, index: 0, path: [] }],
    ['a count beyond the limit', { ...claim, leafCount: 2 ** 33, index: 0 }],
    ['an endless count', { ...claim, leafCount: Number.POSITIVE_INFINITY }],
    ['a big integer for the index', { ...claim, index: 4n as unknown as number }],
    ['no path at all', { ...claim, path: undefined as unknown as Uint8Array[] }],
    ['a hole in the path', { ...claim, path: [sibling(0), undefined as unknown as Uint8Array, sibling(2)] }],
    ['text for the leaf', { ...claim, leaf: 'x'.repeat(32) as unknown as Uint8Array }],
  ])('is refused: %s', (_, wrong) => {
    expect(verifyProof(claim)).toBe(true);
    expect(verifyProof(wrong)).toBe(false);
  });

  it('is refused whenever one bit of root, leaf or path differs', () => {
    const shape = fc.integer({ min: 2, max: 40 }).chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1), fc.nat(), fc.nat(255)));
    fc.assert(
      fc.property(shape, ([count, index, which, bit]) => {
        const honest = claimOf(count, index);
        const parts = [honest.root.slice(), honest.leaf.slice(), ...honest.path.map((node) => node.slice())];
        const part = parts[which % parts.length] as Uint8Array;
        part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
        const [root, leaf, ...path] = parts as [Uint8Array, Uint8Array, ...Uint8Array[]];
        return !verifyProof({ ...honest, root, leaf, path });
      }),
    );
  });

  it('is refused for every index and count but the true ones', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.nat(19),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(39),
        (count, at, leafCount, index) => {
          const honest = claimOf(count, at % count);
          return verifyProof({ ...honest, leafCount, index }) === (leafCount === count && index === honest.index);
        },
      ),
    );
  });

  it('never throws on arbitrary values', () => {
    const anyClaim = fc.record({
      root: fc.anything(),
      leaf: fc.anything(),
      index: fc.anything(),
      leafCount: fc.anything(),
      path: fc.anything(),
    });
    fc.assert(fc.property(anyClaim, (wrong) => verifyProof(wrong as InclusionClaim) === false));
  });
});
