/** What final blocks must be beside each other, whoever proposed them: time, state, and batches (K3). */
import type { Block, Digest } from '@bursar/protocol';
import { Violation } from './violation.ts';

export class FinalChain {
  readonly #times: number[];
  readonly #roots = new Map<number, Digest>();
  /** For each origin the number of the last batch that was ordered. */
  readonly #ordered: number[];
  readonly #digests = new Set<Digest>();
  /** Height up to which blocks were looked at. */
  #height = 0;
  readonly #waiting = new Map<number, Block>();

  /** @param time ledger time of height 0 */
  constructor(validators: number, time: number) {
    this.#ordered = new Array<number>(validators).fill(0);
    this.#times = [time];
  }
  get ordered(): readonly number[] {
    return this.#ordered;
  }
  /** A block is final somewhere; blocks are judged in the order of heights, each once. @throws Violation */
  add(block: Block): void {
    const { height } = block.header;
    if (height <= this.#height) return;
    this.#waiting.set(height, block);
    for (let next = this.#waiting.get(this.#height + 1); next !== undefined; next = this.#waiting.get(this.#height + 1)) {
      this.#waiting.delete(++this.#height);
      this.#judge(next);
    }
  }
  /** A validator computed this root after a height. @throws Violation unless everybody else did. */
  executed(who: number, height: number, root: Digest): void {
    const known = this.#roots.get(height) ?? root;
    this.#roots.set(height, known);
    if (known !== root) throw new Violation('equal state', `Validator ${who} has another root after height ${height}.`);
  }
  #judge({ header, batches }: Block): void {
    const { height, time, stateRoot } = header;
    if (time <= (this.#times[height - 1] ?? Number.POSITIVE_INFINITY)) throw new Violation('ledger time', `Height ${height} is not later.`);
    this.#times[height] = time;
    const root = this.#roots.get(height - 1);
    if (root !== undefined && root !== stateRoot)
      throw new Violation('equal state', `Block ${height} names another state than the one after height ${height - 1}.`);
    for (const { origin, number, digest, expiresAt } of batches) {
      const wrong = (why: string): never => {
        throw new Violation('batches in order', `Block ${height}, batch ${number} of origin ${origin}: ${why}.`);
      };
      if (number !== (this.#ordered[origin] ?? 0) + 1) wrong(`${this.#ordered[origin]} came before`);
      if (expiresAt < time) wrong('it had expired');
      if (this.#digests.has(digest)) wrong('its bytes were ordered before');
      this.#ordered[origin] = number;
      this.#digests.add(digest);
    }
  }
}
