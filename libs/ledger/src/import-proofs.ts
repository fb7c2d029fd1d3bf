import { MerkleTree } from '@bursar/merkle';
import { type Digest, importLeaf } from '@bursar/protocol';
import { bodyHashIn } from './bodies.ts';
import type { Import } from './entities.ts';
import type { State } from './state.ts';

/** An item's place in its import's tree: what an approver's signature over the import's digest says of it. */
export interface ImportProof {
  readonly id: Digest;
  readonly bodyHash: Digest;
  readonly index: number;
  readonly count: number;
  /** Siblings, leaf level first. */
  readonly path: Uint8Array[];
}

/** Trees kept at once: proofs are asked for import by import. */
const KEPT = 4;

/** Proofs in sealed imports. A tree is made from the disbursements when it is first asked for; the newest few are kept. */
export class ImportProofs {
  readonly #trees = new Map<Import, MerkleTree>();
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  find(imported: Import, index: number): ImportProof | undefined {
    const n = imported.items[index];
    if (n === undefined) return undefined;
    const d = this.#state.disbursements;
    return {
      id: d.id(n),
      bodyHash: bodyHashIn(this.#state, n, imported),
      index,
      count: imported.items.length,
      path: this.#tree(imported).proof(index),
    };
  }

  #tree(imported: Import): MerkleTree {
    const tree = this.#trees.get(imported) ?? this.#make(imported);
    this.#trees.delete(imported);
    this.#trees.set(imported, tree);
    for (const oldest of this.#trees.keys()) {
      if (this.#trees.size <= KEPT) break;
      this.#trees.delete(oldest);
    }
    return tree;
  }

  #make(imported: Import): MerkleTree {
    const d = this.#state.disbursements;
    const tree = new MerkleTree(imported.items.length);
    for (const n of imported.items) tree.append(importLeaf(d.id(n), bodyHashIn(this.#state, n, imported)));
    return tree;
  }
}
