/** A storage of the treasury world: the shipped ledger, some blocks behind, that may stand still or not answer. */

import type { LeaseAt } from '@bursar/executor';
import { Ledger } from '@bursar/ledger';
import type { Digest, Genesis, Hex32, Lane } from '@bursar/protocol';
import type { Chain, FinalBlock } from './chain.ts';

export class Storage {
  readonly #chain: Chain;
  readonly #ledger: Ledger;
  /** Height of the last block that has come. */
  #come = 0;
  /** Virtual time until which it executes nothing, or answers nobody. */
  frozenUntil = 0;
  awayUntil = 0;

  constructor(genesis: Genesis, chain: Chain) {
    this.#ledger = new Ledger(genesis);
    this.#chain = chain;
  }
  get height(): number {
    return this.#ledger.height;
  }
  /** A block has come; it is executed unless it stands still. */
  take(block: FinalBlock, now: number): void {
    this.#come = Math.max(this.#come, block.height);
    this.catchUp(now);
  }
  catchUp(now: number): void {
    if (now < this.frozenUntil) return;
    while (this.height < this.#come) this.#chain.follow(this.#ledger, this.#chain.blocks[this.height] as FinalBlock);
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
    return { found: this.#chain.outcome(id, this.height), height: this.height };
  }
}
