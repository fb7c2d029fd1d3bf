/** The root that an inclusion proof leads to, for roots that stand nowhere but inside a digest (an import's). */
import { createHash } from 'node:crypto';
import { depthOf, MAX_LEAVES, ROOT_DOMAIN, verifyProof } from '@bursar/merkle';
import { hash } from '@bursar/protocol';

export interface Place {
  readonly index: number;
  /** Leaves in the tree. */
  readonly count: number;
  /** Siblings, leaf level first, 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

/** @returns undefined when the place is malformed; total. */
export function inclusionRoot(leaf: Uint8Array, { index, count, path }: Place): Uint8Array | undefined {
  if (!Number.isSafeInteger(count) || count < 1 || count > MAX_LEAVES || !Number.isSafeInteger(index)) return undefined;
  if (index < 0 || index >= count || path.length !== depthOf(count) || path.some((p) => p.length !== 32)) return undefined;
  let node = leaf;
  let at = index;
  for (const sibling of path) {
    const h = createHash('sha256');
    node = (at % 2 === 1 ? h.update(sibling).update(node) : h.update(node).update(sibling)).digest();
    at = Math.floor(at / 2);
  }
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(count));
  const root = hash(ROOT_DOMAIN, size, node);
  return verifyProof({ root, leaf, index, leafCount: count, path }) ? root : undefined;
}
