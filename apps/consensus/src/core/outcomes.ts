/** What became of transactions lately, and who waits for it (Transactions.Wait, Watch). A result is provable once the next header is final. */
import { type Digest, decode, encode, peekTransactionResult, result, type TransactionResult } from '@bursar/protocol';

export interface Outcome {
  readonly result: TransactionResult;
  readonly certificateKind: string;
  /** The header that bears the root with this result is final too. */
  readonly provable: boolean;
}
/** Called with every step; the last one is provable, or a result that nothing was consumed by (it is in no lookup). */
export type Watcher = (outcome: Outcome) => void;
export interface OutcomeLimits {
  /** Blocks whose results stay in memory; older ones are asked of storage. */
  readonly heights: number;
  readonly results: number;
  readonly watchers: number;
}

/** Decoded when somebody asks: most results are those of other validators' clients. */
interface Known {
  readonly encoded: Uint8Array;
  readonly height: number;
  readonly consumed: boolean;
  readonly certificateKind: string;
}

export class Outcomes {
  readonly #limits: OutcomeLimits;
  readonly #known = new Map<Digest, Known>();
  readonly #heights = new Map<number, Digest[]>();
  readonly #watchers = new Map<Digest, Set<Watcher>>();
  #watcherCount = 0;
  #finalHeight: number;

  constructor(finalHeight: number, limits: OutcomeLimits) {
    this.#finalHeight = finalHeight;
    this.#limits = limits;
  }
  get watchers(): number {
    return this.#watcherCount;
  }
  get finalHeight(): number {
    return this.#finalHeight;
  }

  find(id: Digest): Outcome | undefined {
    const known = this.#known.get(id);
    if (!known) return undefined;
    const found = decode(result, known.encoded);
    if (found.kind !== 'transaction') throw new RangeError('not the result of a transaction');
    return { result: found, certificateKind: known.certificateKind, provable: known.consumed && known.height < this.#finalHeight };
  }
  /** It is executed and can never be again. */
  isDone(id: Digest): boolean {
    return this.#known.get(id)?.consumed === true;
  }

  /**
   * What storage said of a transaction, and whether it is provable by now. A result of the newest block that is not known here was executed
   * before this process began: it is kept, for the next block makes it provable.
   */
  adopt({ result: said, certificateKind, provable }: Outcome): Outcome {
    const { height, consumed, transaction: id } = said;
    if (consumed && height === this.#finalHeight && !this.isDone(id)) {
      this.#known.set(id, { encoded: encode(result, said), height, consumed, certificateKind });
      const ids = this.#heights.get(height);
      if (ids) ids.push(id);
      else this.#heights.set(height, [id]);
    }
    return { result: said, certificateKind, provable: provable || (consumed && height < this.#finalHeight) };
  }

  /** @returns the way to leave, or undefined when too many wait already. Nothing is told of the past: ask `find` first. */
  watch(id: Digest, watcher: Watcher): (() => void) | undefined {
    if (this.#watcherCount >= this.#limits.watchers) return undefined;
    const all = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, all);
    all.add(watcher);
    this.#watcherCount++;
    return () => {
      if (!all.delete(watcher)) return;
      this.#watcherCount--;
      if (all.size === 0) this.#watchers.delete(id);
    };
  }

  /** The same bytes were given again after a refusal that changed nothing: what came of them is open again. */
  reopen(id: Digest): void {
    if (this.#known.get(id)?.consumed === false) this.#known.delete(id);
  }

  /** Canonical transaction results of the block that was just executed; those of the block before become provable with it. */
  executed(height: number, certificateKind: string, results: readonly Uint8Array[]): void {
    this.#finalHeight = height;
    const ids: Digest[] = [];
    for (const encoded of results) {
      const { transaction: id, consumed } = peekTransactionResult(encoded);
      if (!consumed && this.isDone(id)) continue; // a repeat: the first result stands
      this.#known.set(id, { encoded, height, consumed, certificateKind });
      ids.push(id);
    }
    this.#heights.set(height, ids);
    if (this.#watchers.size > 0) {
      for (const id of ids) this.#tell(id);
      for (const id of this.#heights.get(height - 1) ?? []) if (this.#known.get(id)?.height === height - 1) this.#tell(id);
    }
    this.#forget();
  }

  #tell(id: Digest): void {
    const watchers = this.#watchers.get(id);
    const outcome = watchers && this.find(id);
    if (outcome) for (const watcher of [...watchers]) watcher(outcome);
  }
  #forget(): void {
    for (const [height, ids] of this.#heights) {
      if (this.#heights.size <= this.#limits.heights && (this.#known.size <= this.#limits.results || this.#heights.size <= 2)) return;
      this.#heights.delete(height);
      for (const id of ids) if (this.#known.get(id)?.height === height) this.#known.delete(id);
    }
  }
}
