/**
 * Merkle trees over the results of the blocks that were asked about last. Making one takes as long as the block has results, and each of its
 * transactions may want a proof: without them, anybody's questions would keep storage from its blocks.
 */
import { MerkleTree } from '@bursar/merkle';
import { type ByteList, hash } from '@bursar/protocol';

/** Of all trees together, at most 128 bytes each. */
const MAX_LEAVES = 131_072;

export class ResultTrees {
  readonly #trees = new Map<number, MerkleTree>();
  readonly #maxLeaves: number;
  #leaves = 0;

  constructor(maxLeaves = MAX_LEAVES) {
    this.#maxLeaves = maxLeaves;
  }

  /** @param results canonical, of the final block of that height */
  of(height: number, results: ByteList): MerkleTree {
    const known = this.#trees.get(height);
    const tree = known ?? treeOf(results);
    if (!known) this.#leaves += tree.leafCount;
    this.#trees.delete(height);
    this.#trees.set(height, tree); // used last, the last to go
    for (const [oldest, { leafCount }] of this.#trees) {
      if (this.#leaves <= this.#maxLeaves || oldest === height) break;
      this.#trees.delete(oldest);
      this.#leaves -= leafCount;
    }
    return tree;
  }
}

export const resultLeaf = (result: Uint8Array): Uint8Array => hash('bursar/result', result);

function treeOf(results: ByteList): MerkleTree {
  const tree = new MerkleTree(results.length);
  for (const result of results) tree.append(resultLeaf(result));
  return tree;
}
