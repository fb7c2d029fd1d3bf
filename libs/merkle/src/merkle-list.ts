import hashtree from '@chainsafe/hashtree';
import { sealRoot } from './seal-root.ts';
import { checkIndex, checkLeaf, depthOf, NODE_BYTES } from './shape.ts';
import { zeroHash } from './zero-hashes.ts';

/**
 * The root of a list of 32-byte leaves that is hashed once and not kept: the same root as a MerkleTree's.
 *
 * @throws RangeError for a leaf that is not 32 bytes.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return sealRoot(
    leaves.length,
    climb(leaves, () => {}),
  );
}

/** As `merkleRoot`, of leaves that lie side by side. @throws RangeError for a length that is no multiple of 32 */
export function merkleRootOf(leaves: Uint8Array): Uint8Array {
  const count = leaves.length / NODE_BYTES;
  const level = new Uint8Array((count + 1) * NODE_BYTES);
  level.set(leaves);
  return sealRoot(
    count,
    climbFrom(level, count, () => {}),
  );
}

/** The siblings of one leaf's path, leaf level first. @throws RangeError outside 0 … leaves.length − 1, or for a leaf that is not 32 bytes. */
export function merkleProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  checkIndex(index, leaves.length);
  const path: Uint8Array[] = [];
  let node = index;
  climb(leaves, (level) => {
    const sibling = node % 2 === 0 ? node + 1 : node - 1;
    path.push(level.slice(sibling * NODE_BYTES, (sibling + 1) * NODE_BYTES));
    node = Math.floor(node / 2);
  });
  return path;
}

/** Hashes level after level, shows each level below the top (padded to an even count) to `visit`, returns the top. */
function climb(leaves: readonly Uint8Array[], visit: (level: Uint8Array) => void): Uint8Array {
  const level = new Uint8Array((leaves.length + 1) * NODE_BYTES);
  for (const [i, leaf] of leaves.entries()) {
    checkLeaf(leaf);
    level.set(leaf, i * NODE_BYTES);
  }
  return climbFrom(level, leaves.length, visit);
}

/** @param leaves with room for one node of padding; written over */
function climbFrom(leaves: Uint8Array<ArrayBuffer>, count: number, visit: (level: Uint8Array) => void): Uint8Array {
  const depth = depthOf(count);
  let width = count;
  // Two buffers in turn, each with room for the one node of padding.
  let level = leaves;
  let above = new Uint8Array((Math.ceil(width / 2) + 1) * NODE_BYTES);
  for (let height = 0; height < depth; height += 1) {
    if (width % 2 === 1) {
      level.set(zeroHash(height), width * NODE_BYTES);
      width += 1;
    }
    const pairs = level.subarray(0, width * NODE_BYTES);
    visit(pairs);
    width /= 2;
    hashtree.hashInto(pairs, above.subarray(0, width * NODE_BYTES));
    [level, above] = [above, level];
  }
  return level.slice(0, NODE_BYTES);
}
