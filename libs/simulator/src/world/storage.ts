/**
 * A double of storage: the state root is a hash over the chain of blocks, so that equal roots mean equal histories. Blocks are
 * durable when `commit` answers; a repeated one gets the first answer.
 */
import { advanceSchedule, type Schedule, startSchedule } from '@bursar/membership';
import type { Start } from '@bursar/pbft';
import { type Block, type Certificate, type Digest, digest, fromHex } from '@bursar/protocol';

export interface Stored {
  readonly block: Block;
  readonly certificate: Certificate;
  readonly digest: Digest;
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
}
export interface Genesis {
  readonly chain: Digest;
  /** Ledger time of height 0, milliseconds since 1970. */
  readonly time: number;
  readonly validators: number;
}
export const genesisRoots = (chain: Digest): { stateRoot: Digest; resultsRoot: Digest } => ({
  stateRoot: digest('bursar/sim-state', fromHex(chain)),
  resultsRoot: digest('bursar/sim-results', fromHex(chain)),
});

export class StorageDouble {
  readonly #genesis: Genesis;
  readonly #blocks: Stored[] = [];
  #schedule: Schedule;
  readonly #nextBatch: number[];

  constructor(genesis: Genesis) {
    this.#genesis = genesis;
    this.#schedule = startSchedule(genesis.chain);
    this.#nextBatch = new Array<number>(genesis.validators).fill(1);
  }
  /** Disks that it has had. */
  disks = 1;
  /** The disk is gone. */
  wipe(): void {
    this.disks++;
    this.#blocks.length = 0;
    this.#schedule = startSchedule(this.#genesis.chain);
    this.#nextBatch.fill(1);
  }
  /** Height of the last stored block; 0 = genesis. */
  get height(): number {
    return this.#blocks.length;
  }
  get time(): number {
    return this.#blocks.at(-1)?.block.header.time ?? this.#genesis.time;
  }
  nextBatch(origin: number): number {
    return this.#nextBatch[origin] ?? 1;
  }
  at(height: number): Stored | undefined {
    return this.#blocks[height - 1];
  }
  find(height: number, digest: string): Stored | undefined {
    const stored = this.at(height);
    return stored?.digest === digest ? stored : undefined;
  }
  /**
   * @throws Error for a block that does not follow the last one: consensus must never ask for that.
   */
  commit(block: Block, certificate: Certificate): Stored {
    const { height } = block.header;
    const known = this.at(height);
    if (known !== undefined) return known;
    if (height !== this.height + 1) throw new Error(`block ${height} given to a storage that holds ${this.height}`);
    const before = this.at(height - 1) ?? genesisRoots(this.#genesis.chain);
    const id = certificate.digest; // the oracle has compared it with the header
    const stored: Stored = {
      block,
      certificate,
      digest: id,
      stateRoot: digest('bursar/sim-state', fromHex(before.stateRoot), fromHex(id)),
      resultsRoot: id,
    };
    this.#blocks.push(stored);
    this.#schedule = advanceSchedule(this.#schedule, block.header);
    for (const ref of block.batches) this.#nextBatch[ref.origin] = ref.number + 1;
    return stored;
  }
  /** What consensus starts from. */
  start(): Start {
    const last = this.#blocks.at(-1);
    return {
      height: this.height,
      header: last?.block.header,
      certificate: last?.certificate,
      ...(last === undefined ? genesisRoots(this.#genesis.chain) : { stateRoot: last.stateRoot, resultsRoot: last.resultsRoot }),
      time: this.time,
      nextBatch: [...this.#nextBatch],
      schedule: this.#schedule,
    };
  }
}
