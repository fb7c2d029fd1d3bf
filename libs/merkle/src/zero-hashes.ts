import hashtree from '@chainsafe/hashtree';
import { depthOf, MAX_LEAVES, NODE_BYTES } from './shape.ts';

const levels: readonly Uint8Array[] = build(depthOf(MAX_LEAVES));

/**
 * The node that stands for a subtree without leaves: 32 zero bytes at level 0, the hash of two such nodes one level up.
 * Shared: callers copy it, never write to it.
 *
 * @throws RangeError for a level above that of MAX_LEAVES.
 */
export function zeroHash(level: number): Uint8Array {
  const node = levels[level];
  if (node === undefined) throw new RangeError(`no tree has a level ${level}`);
  return node;
}

function build(depth: number): Uint8Array[] {
  let node = new Uint8Array(NODE_BYTES);
  const nodes = [node];
  const pair = new Uint8Array(2 * NODE_BYTES);
  for (let level = 1; level <= depth; level += 1) {
    pair.set(node, 0);
    pair.set(node, NODE_BYTES);
    node = new Uint8Array(NODE_BYTES);
    hashtree.hashInto(pair, node);
    nodes.push(node);
  }
  return nodes;
}
