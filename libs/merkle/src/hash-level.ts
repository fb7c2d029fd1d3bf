import hashtree from '@chainsafe/hashtree';
import type { Runs } from './runs.ts';
import { NODE_BYTES } from './shape.ts';

/** One level of a tree: its nodes side by side, as bytes for the hasher and as 32-bit words for cheap copies. */
export interface Level {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
}

const PAIR_BYTES = 2 * NODE_BYTES;
const PAIR_WORDS = PAIR_BYTES / 4;
const NODE_WORDS = NODE_BYTES / 4;

/** Nodes gathered per call of the hasher: the call's fixed cost is spread, and both buffers stay in the second-level cache. */
const BATCH = 1024;
/** Runs at least this long are hashed where they lie; below it two sub-array objects cost more than the copy. */
const DIRECT_MIN = 16;

export function createLevel(nodes: number): Level {
  const bytes = new Uint8Array(nodes * NODE_BYTES);
  return { bytes, words: new Uint32Array(bytes.buffer) };
}

/** Recomputes chosen nodes of one level from the level below. Owns two small buffers that every call uses again. */
export class LevelHasher {
  readonly #pairs = createLevel(2 * BATCH);
  readonly #nodes = createLevel(BATCH);
  readonly #targets = new Uint32Array(BATCH);
  readonly #onePair = this.#pairs.bytes.subarray(0, PAIR_BYTES);
  readonly #oneNode = this.#nodes.bytes.subarray(0, NODE_BYTES);
  #gathered = 0;

  /** here[i] = SHA-256(below[2i] ‖ below[2i+1]) for every i in runs. */
  hash(below: Level, here: Level, runs: Runs): void {
    for (let r = 0; r < runs.length; r += 2) {
      const start = runs[r] as number;
      const end = runs[r + 1] as number;
      if (end - start >= DIRECT_MIN) {
        hashtree.hashInto(
          below.bytes.subarray(start * PAIR_BYTES, end * PAIR_BYTES),
          here.bytes.subarray(start * NODE_BYTES, end * NODE_BYTES),
        );
      } else {
        for (let node = start; node < end; node += 1) this.#gather(below, here, node);
      }
    }
    this.#flush(here);
  }

  #gather(below: Level, here: Level, node: number): void {
    const from = below.words;
    const into = this.#pairs.words;
    const source = node * PAIR_WORDS;
    const target = this.#gathered * PAIR_WORDS;
    for (let w = 0; w < PAIR_WORDS; w += 1) into[target + w] = from[source + w] as number;
    this.#targets[this.#gathered] = node;
    this.#gathered += 1;
    if (this.#gathered === BATCH) this.#flush(here);
  }

  #flush(here: Level): void {
    const count = this.#gathered;
    if (count === 0) return;
    this.#gathered = 0;
    if (count === 1) hashtree.hashInto(this.#onePair, this.#oneNode);
    else hashtree.hashInto(this.#pairs.bytes.subarray(0, count * PAIR_BYTES), this.#nodes.bytes.subarray(0, count * NODE_BYTES));
    const from = this.#nodes.words;
    for (let i = 0; i < count; i += 1) {
      const target = (this.#targets[i] as number) * NODE_WORDS;
      for (let w = 0; w < NODE_WORDS; w += 1) here.words[target + w] = from[i * NODE_WORDS + w] as number;
    }
  }
}
