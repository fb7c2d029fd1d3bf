import hashtree from '@chainsafe/hashtree';
import { sealRoot } from './seal-root.ts';
import { depthOf, MAX_LEAVES, NODE_BYTES } from './shape.ts';

/** All that an inclusion proof says; every field may come from a stranger. */
export interface InclusionClaim {
  /** 32 bytes: the root that the verifier trusts. */
  readonly root: Uint8Array;
  /** 32 bytes: the leaf as the verifier computed it from the content, under the leaf's domain. */
  readonly leaf: Uint8Array;
  /** 0 … leafCount − 1. */
  readonly index: number;
  /** 1 … MAX_LEAVES; bound by the root. */
  readonly leafCount: number;
  /** Siblings, leaf level first: exactly depthOf(leafCount) of 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

/** True only if the leaf stands at that index of that many leaves under that root. Total: a malformed claim is false, never an exception. */
export function verifyProof(claim: InclusionClaim): boolean {
  const { root, leaf, index, leafCount, path } = claim;
  if (!isNode(root) || !isNode(leaf) || !Array.isArray(path)) return false;
  if (!Number.isSafeInteger(leafCount) || leafCount < 1 || leafCount > MAX_LEAVES) return false;
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafCount) return false;
  if (path.length !== depthOf(leafCount)) return false;

  const pair = new Uint8Array(2 * NODE_BYTES);
  const node = new Uint8Array(leaf); // not slice(): of a Buffer that is a view, and the caller's leaf would be overwritten
  let position = index;
  for (const sibling of path as readonly unknown[]) {
    if (!isNode(sibling)) return false;
    const right = position % 2 === 1;
    pair.set(node, right ? NODE_BYTES : 0);
    pair.set(sibling, right ? 0 : NODE_BYTES);
    hashtree.hashInto(pair, node);
    position = Math.floor(position / 2);
  }
  return sealRoot(leafCount, node).every((byte, i) => byte === root[i]);
}

/** By shape, not by instanceof: Buffers and arrays of another realm are bytes too. */
function isNode(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1 && value.byteLength === NODE_BYTES;
}
