import { MerkleTree } from '@bursar/merkle';
import { type Digest, toHex } from '@bursar/protocol';

/** The state tree: slots are given at once, leaves are written once a block. */
export class LeafTree {
  readonly #tree = new MerkleTree(1024);
  #slots = 0;
  #fresh: Uint8Array[] = [];

  newSlot(): number {
    const slot = this.#slots;
    this.#slots += 1;
    return slot;
  }

  /** Opens a round of writing: the slots given since the last one get their first leaf in it. */
  begin(): void {
    this.#fresh = new Array<Uint8Array>(this.#slots - this.#tree.leafCount);
  }
  put(slot: number, leaf: Uint8Array): void {
    const known = this.#tree.leafCount;
    if (slot < known) this.#tree.set(slot, leaf);
    else this.#fresh[slot - known] = leaf;
  }
  /** Appends the first leaves in the order of their slots; a slot without one is a bug, and MerkleTree refuses it. */
  finish(): Digest {
    for (const leaf of this.#fresh) this.#tree.append(leaf);
    this.#fresh = [];
    return toHex(this.#tree.root());
  }
}
