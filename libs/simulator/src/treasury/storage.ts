/** A storage of the treasury world: the shipped ledger, some blocks behind, that may stand still or not answer. */

import type { LeaseAt } from '@bursar/executor';
import { Ledger } from '@bursar/ledger';
import type { Digest, Genesis, Hex32, Lane } from '@bursar/protocol';
import type { Chain, FinalBlock } from './chain.ts';

export interface StoragePort {
  readonly chain: Chain;
  now(): number;
  after(ms: number, run: () => void): void;
  /** What a block takes one that catches up, ms. */
  blockMs(): number;
}

export class Storage {
  readonly #port: StoragePort;
  readonly #ledger: Ledger;
  #isBusy = false;
  /** Height of the last block that has come. */
  #come = 0;
  /** Virtual time until which it executes nothing, or answers nobody. */
  frozenUntil = 0;
  awayUntil = 0;

  constructor(genesis: Genesis, port: StoragePort) {
    this.#ledger = new Ledger(genesis);
    this.#port = port;
  }
  get height(): number {
    return this.#ledger.height;
  }
  /** A block has come; what is missing is executed one after the other, as soon as it does not stand still. */
  take(block: FinalBlock): void {
    this.#come = Math.max(this.#come, block.height);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#next();
  }
  #next(): void {
    const { now, after, blockMs } = this.#port;
    this.#isBusy = this.height < this.#come;
    if (!this.#isBusy) return;
    if (now() < this.frozenUntil) {
      after(100, () => this.#next());
      return;
    }
    this.#port.chain.follow(this.#ledger, this.#port.chain.blocks[this.height] as FinalBlock);
    if (this.height < this.#come) after(blockMs(), () => this.#next());
    else this.#isBusy = false;
  }

  lease(shard: number, told: boolean): LeaseAt {
    const { holder, epoch, expiresAt, released, nextSeq } = this.#ledger.lease(shard);
    const { height, time } = this.#ledger;
    const count = (lane: Lane) => this.#ledger.readyCount(shard, lane);
    const ready = told ? { consumer: count('consumer'), industrial: count('industrial') } : undefined;
    return { holder, epoch, expiresAt, released, nextSeq, height, time, ready };
  }
  nonce(account: Hex32) {
    return { nonce: this.#ledger.account(account)?.nonce ?? 0n, height: this.height };
  }
  ready(shard: number, lane: Lane, limit: number, cursor: string) {
    const { items, next = '' } = this.#ledger.ready(shard, lane, limit, cursor);
    return { items: items.map((i) => ({ ...i, traceparent: '' })), next, height: this.height };
  }
  outcome(id: Digest) {
    return { found: this.#port.chain.outcome(id, this.height), height: this.height };
  }
}
