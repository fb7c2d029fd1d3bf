import { MerkleTree } from '@bursar/merkle';
import { type Digest, toHex } from '@bursar/protocol';

const LEAF_BYTES = 32;

/** The state tree: slots are given at once, leaves are written once a block. */
export class LeafTree {
  readonly #tree = new MerkleTree(1024);
  #slots = 0;
  /** First leaves of the slots given since the last round, side by side, and whether each is written. */
  #fresh = new Uint8Array(0);
  #written = new Uint8Array(0);

  newSlot(): number {
    const slot = this.#slots;
    this.#slots += 1;
    return slot;
  }

  /** Opens a round of writing: the slots given since the last one get their first leaf in it. */
  begin(): void {
    const count = this.#slots - this.#tree.leafCount;
    this.#fresh = new Uint8Array(count * LEAF_BYTES);
    this.#written = new Uint8Array(count);
  }
  /** The leaf is copied. */
  put(slot: number, leaf: Uint8Array): void {
    const fresh = slot - this.#tree.leafCount;
    if (fresh < 0) {
      this.#tree.set(slot, leaf);
      return;
    }
    this.#fresh.set(leaf, fresh * LEAF_BYTES);
    this.#written[fresh] = 1;
  }
  /** Appends the first leaves in the order of their slots. @throws RangeError for a slot without one: a bug */
  finish(): Digest {
    for (const [i, written] of this.#written.entries()) {
      if (written === 0) throw new RangeError(`slot ${this.#tree.leafCount} has no leaf`);
      this.#tree.append(this.#fresh.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES));
    }
    this.#fresh = new Uint8Array(0);
    this.#written = new Uint8Array(0);
    return toHex(this.#tree.root());
  }
}
