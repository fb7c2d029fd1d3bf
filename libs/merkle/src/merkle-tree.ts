import { createLevel, type Level, LevelHasher } from './hash-level.ts';
import { DirtySet, toParents } from './runs.ts';
import { sealRoot } from './seal-root.ts';
import { checkIndex, checkLeaf, depthOf, NODE_BYTES } from './shape.ts';
import { zeroHash } from './zero-hashes.ts';

/** A tree held in memory has at most this many leaves (4 GiB of nodes); more needs another structure, not a bigger machine. */
export const MAX_TREE_LEAVES = 2 ** 26;

/** One leaf to be written: see {@link MerkleTree.set}. */
export interface LeafChange {
  readonly index: number;
  readonly leaf: Uint8Array;
}

/**
 * Incremental binary Merkle tree over 32-byte leaves that the callers have hashed under a domain of their own (B1).
 *
 * Nodes lie flat, one buffer per level, 64 bytes per leaf of capacity; the capacity is a power of two and doubles.
 * Writes only mark; {@link root} and {@link proof} hash what the marks touch, level by level, in batches.
 * Nodes past the last leaf count as zero hashes and are materialised only where a real node needs its sibling.
 * The root does not depend on the capacity or on the order of writes: it equals merkleRoot of the same leaves.
 */
export class MerkleTree {
  readonly #levels: Level[];
  readonly #dirtyPairs: DirtySet;
  readonly #hasher = new LevelHasher();
  #capacity: number;
  #leafCount = 0;
  #root: Uint8Array | undefined;

  /**
   * @param expectedLeaves room to reserve at once; the tree still starts empty.
   * @throws RangeError above MAX_TREE_LEAVES.
   */
  constructor(expectedLeaves = 0) {
    checkRoom(expectedLeaves);
    const depth = Math.max(1, depthOf(expectedLeaves));
    this.#capacity = 2 ** depth;
    this.#levels = Array.from({ length: depth + 1 }, (_, level) => createLevel(2 ** (depth - level)));
    this.#dirtyPairs = new DirtySet(2 ** (depth - 1));
  }

  get leafCount(): number {
    return this.#leafCount;
  }

  /**
   * Writes one leaf; `index` = leafCount appends it.
   *
   * @throws RangeError for an index above leafCount (the tree has no holes), a leaf that is not 32 bytes, a full tree.
   */
  set(index: number, leaf: Uint8Array): void {
    checkIndex(index, this.#leafCount + 1);
    checkLeaf(leaf);
    this.#write(index, leaf);
  }

  /** Adds a leaf behind the last one and returns its index. Errors as {@link set}. */
  append(leaf: Uint8Array): number {
    const index = this.#leafCount;
    this.set(index, leaf);
    return index;
  }

  /** Writes many leaves, in order, all or none: nothing is written if one of them is refused. Errors as {@link set}. */
  update(changes: readonly LeafChange[]): void {
    let end = this.#leafCount;
    for (const { index, leaf } of changes) {
      checkIndex(index, end + 1);
      checkLeaf(leaf);
      if (index === end) end += 1;
    }
    checkRoom(end);
    for (const { index, leaf } of changes) this.#write(index, leaf);
  }

  /** A copy of one leaf. @throws RangeError outside 0 … leafCount − 1. */
  leaf(index: number): Uint8Array {
    checkIndex(index, this.#leafCount);
    return this.#copy(0, index);
  }

  /** The root over all leaves and their count: a fresh copy, and without hashing if nothing was written since. */
  root(): Uint8Array {
    if (this.#root === undefined) {
      this.#settle();
      const top = this.#leafCount === 0 ? zeroHash(0) : this.#copy(depthOf(this.#leafCount), 0);
      this.#root = sealRoot(this.#leafCount, top);
    }
    return new Uint8Array(this.#root);
  }

  /** The siblings of a leaf's path, leaf level first, as many as depthOf(leafCount). @throws RangeError outside 0 … leafCount − 1. */
  proof(index: number): Uint8Array[] {
    checkIndex(index, this.#leafCount);
    this.#settle();
    const path: Uint8Array[] = [];
    let node = index;
    let width = this.#leafCount;
    for (; width > 1; width = (width + 1) >>> 1) {
      const sibling = node ^ 1;
      path.push(sibling < width ? this.#copy(path.length, sibling) : zeroHash(path.length).slice());
      node >>>= 1;
    }
    return path;
  }

  #write(index: number, leaf: Uint8Array): void {
    if (index === this.#leafCount) {
      if (index === this.#capacity) this.#double();
      this.#leafCount += 1;
    }
    this.#level(0).bytes.set(leaf, index * NODE_BYTES);
    this.#dirtyPairs.mark(index >>> 1);
    this.#root = undefined;
  }

  #settle(): void {
    const runs = this.#dirtyPairs.take();
    if (runs.length === 0) return;
    const depth = depthOf(this.#leafCount);
    let width = this.#leafCount;
    for (let level = 1; level <= depth; level += 1) {
      const below = this.#level(level - 1);
      // Only the last node of a level can lack its right sibling.
      if (width % 2 === 1) below.bytes.set(zeroHash(level - 1), width * NODE_BYTES);
      this.#hasher.hash(below, this.#level(level), runs);
      toParents(runs);
      width = (width + 1) >>> 1;
    }
  }

  #double(): void {
    const leaves = 2 * this.#capacity;
    checkRoom(leaves);
    for (const [level, old] of this.#levels.entries()) {
      const larger = createLevel(leaves / 2 ** level);
      larger.bytes.set(old.bytes);
      this.#levels[level] = larger;
    }
    this.#levels.push(createLevel(1));
    this.#dirtyPairs.grow(leaves / 2);
    this.#capacity = leaves;
  }

  #copy(level: number, node: number): Uint8Array {
    return this.#level(level).bytes.slice(node * NODE_BYTES, (node + 1) * NODE_BYTES);
  }

  #level(level: number): Level {
    return this.#levels[level] as Level;
  }
}

function checkRoom(leaves: number): void {
  if (leaves > MAX_TREE_LEAVES) throw new RangeError(`a tree in memory has at most ${MAX_TREE_LEAVES} leaves`);
}
