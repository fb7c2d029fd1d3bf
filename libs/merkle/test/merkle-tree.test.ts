import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_TREE_LEAVES, MerkleTree, merkleProof, merkleRoot, merkleRootOf, verifyProof } from '../src/index.ts';
import { leafOf, leavesOf, naiveRoot } from './reference.ts';

const treeOf = (leaves: readonly Uint8Array[]): MerkleTree => {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
};

/** Every count where a depth, a padding or a batch boundary changes, then some. */
const COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2047, 2049, 4095, 4097];

describe('root', () => {
  it.each(COUNTS)('of %i leaves equals the naive definition, for the tree and for the list', (count) => {
    const leaves = leavesOf(count);
    const expected = naiveRoot(leaves);
    expect(treeOf(leaves).root()).toEqual(expected);
    expect(merkleRoot(leaves)).toEqual(expected);
  });

  it('is the same after every single append from 0 to 300 leaves', () => {
    const tree = new MerkleTree();
    const leaves: Uint8Array[] = [];
    for (let n = 0; n <= 300; n += 1) {
      expect(tree.root()).toEqual(naiveRoot(leaves));
      leaves.push(leafOf(n));
      expect(tree.append(leafOf(n))).toBe(n);
    }
  });

  it('does not depend on the room reserved at the start', () => {
    const expected = naiveRoot(leavesOf(11));
    for (const room of [0, 1, 2, 10, 11, 12, 16, 17, 1000]) {
      const tree = new MerkleTree(room);
      expect(tree.root()).toEqual(naiveRoot([]));
      tree.update(leavesOf(11).map((leaf, index) => ({ index, leaf })));
      expect(tree.root()).toEqual(expected);
    }
  });

  it('of 2^16 leaves equals the naive definition, before and after 2,000 scattered writes', () => {
    const leaves = leavesOf(2 ** 16);
    const tree = treeOf(leaves);
    expect(tree.root()).toEqual(naiveRoot(leaves));
    const changes = Array.from({ length: 2000 }, (_, i) => ({ index: (i * 40_503) % 2 ** 16, leaf: leafOf(1_000_000 + i) }));
    for (const { index, leaf } of changes) leaves[index] = leaf;
    tree.update(changes);
    expect(tree.root()).toEqual(naiveRoot(leaves));
  });

  it('is a fresh copy: writing into it changes nothing', () => {
    const tree = treeOf(leavesOf(3));
    tree.root().fill(0);
    expect(tree.root()).toEqual(naiveRoot(leavesOf(3)));
  });

  it('tells apart lists that differ only by trailing zero leaves, and the empty list from one zero leaf', () => {
    const zero = new Uint8Array(32);
    const lists = [[], [zero], [zero, zero], [leafOf(0)], [leafOf(0), zero], [leafOf(0), zero, zero], [leafOf(0), zero, zero, zero]];
    expect(new Set(lists.map((list) => Buffer.from(merkleRoot(list)).toString('hex'))).size).toBe(lists.length);
  });
});

/** One step of a random history; numbers are reduced to what is legal when the step runs. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), value: fc.nat() }),
  fc.record({ kind: fc.constant('update' as const), at: fc.array(fc.nat(), { maxLength: 30 }), value: fc.nat() }),
  fc.record({ kind: fc.constant('prove' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('root' as const) }),
);

describe('any history of writes', () => {
  it('has the root and the proofs of the list it leaves behind', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 70 }), (steps, room) => {
        const tree = new MerkleTree(room);
        const model: Uint8Array[] = [];
        for (const s of steps) {
          if (s.kind === 'append') {
            for (let i = 0; i < s.count; i += 1) {
              const leaf = leafOf(model.length);
              expect(tree.append(leaf)).toBe(model.push(leaf) - 1);
            }
          } else if (s.kind === 'set') {
            const index = s.at % (model.length + 1);
            model[index] = leafOf(s.value);
            tree.set(index, leafOf(s.value));
          } else if (s.kind === 'update') {
            let end = model.length;
            const changes = s.at.map((at) => {
              const index = at % (end + 1);
              end = Math.max(end, index + 1);
              return { index, leaf: leafOf(s.value + at) };
            });
            for (const { index, leaf } of changes) model[index] = leaf;
            tree.update(changes);
          } else if (s.kind === 'prove' && model.length > 0) {
            const index = s.at % model.length;
            const path = tree.proof(index);
            expect(path).toEqual(merkleProof(model, index));
            const claim = { root: tree.root(), leaf: tree.leaf(index), index, leafCount: model.length, path };
            expect(verifyProof(claim)).toBe(true);
          } else {
            expect(tree.root()).toEqual(naiveRoot(model));
          }
        }
        expect(tree.leafCount).toBe(model.length);
        expect(tree.root()).toEqual(naiveRoot(model));
        expect(merkleRoot(model)).toEqual(naiveRoot(model));
        expect(merkleRootOf(Buffer.concat(model))).toEqual(naiveRoot(model));
      }),
      { numRuns: 150 },
    );
  });
});

describe('refusals', () => {
  const tree = treeOf(leavesOf(5));
  const before = tree.root();

  it.each([
    ['a hole behind the last leaf', () => tree.set(6, leafOf(1))],
    ['a negative index', () => tree.set(-1, leafOf(1))],
    ['a fractional index', () => tree.set(1.5, leafOf(1))],
    ['an index that is not a number', () => tree.set(Number.NaN, leafOf(1))],
    ['an index of 2^32, which 32-bit arithmetic would take for 0', () => tree.set(2 ** 32, leafOf(1))],
    ['a leaf of 31 bytes', () => tree.set(0, new Uint8Array(31))],
    ['a leaf of 33 bytes', () => tree.append(new Uint8Array(33))],
    ['a proof of the first padding leaf', () => tree.proof(5)],
    ['a leaf that is not there', () => tree.leaf(5)],
    ['a tree beyond what memory should hold', () => new MerkleTree(MAX_TREE_LEAVES + 1)],
    ['a list with one short leaf', () => merkleRoot([leafOf(0), new Uint8Array(31)])],
    ['leaves side by side of which the last is short', () => merkleRootOf(new Uint8Array(63))],
    ['a proof outside the list', () => merkleProof(leavesOf(3), 3)],
    ['a proof in an empty list', () => merkleProof([], 0)],
  ])('%s is a RangeError', (_, act) => {
    expect(act).toThrow(RangeError);
    expect(tree.root()).toEqual(before);
  });

  it('an update with one bad change writes none of the others', () => {
    const changes = [
      { index: 0, leaf: leafOf(9) },
      { index: 5, leaf: leafOf(9) },
      { index: 7, leaf: leafOf(9) },
    ];
    expect(() => tree.update(changes)).toThrow(RangeError);
    expect(tree.leafCount).toBe(5);
    expect(tree.root()).toEqual(before);
  });

  it('a leaf handed out or taken in is a copy', () => {
    const leaf = leafOf(4);
    tree.set(4, leaf);
    leaf.fill(0);
    tree.leaf(4).fill(0);
    tree.proof(0)[0]?.fill(0);
    expect(tree.root()).toEqual(before);
  });
});
