/**
 * Final blocks, one after the other: what validators hold comes into them late, more than once, in any order. The first ledger to
 * execute a block is the one that the oracle looks at; storages follow with ledgers of their own.
 */

import type { Outcome } from '@bursar/executor';
import { type ExecutableBlock, type Executed, Ledger } from '@bursar/ledger';
import type { Digest, Genesis, Result, TransactionResult } from '@bursar/protocol';
import type { Random } from '../world/random.ts';
import type { Verdict } from './invariants.ts';
import type { SimTransaction } from './transaction.ts';

/** Transactions in one block, at most. */
const BLOCK_TRANSACTIONS = 60;

interface Waiting {
  readonly transaction: SimTransaction;
  readonly at: number;
}
export interface FinalBlock extends ExecutableBlock {
  readonly executed: Executed;
  readonly results: readonly Result[];
  readonly transactions: readonly SimTransaction[];
}

export class Chain {
  readonly ledger: Ledger;
  readonly blocks: FinalBlock[] = [];
  readonly #random: Random;
  readonly #verdict: Verdict;
  #waiting: Waiting[] = [];
  readonly #final = new Map<Digest, TransactionResult>();
  readonly #refused = new Map<Digest, TransactionResult[]>();

  constructor(genesis: Genesis, random: Random, verdict: Verdict) {
    this.ledger = new Ledger(genesis);
    this.#random = random;
    this.#verdict = verdict;
  }

  put(transaction: SimTransaction, at: number): void {
    this.#waiting.push({ transaction, at });
  }
  /** Whether a validator holds it, so that it would refuse it as a repetition. */
  holds(id: Digest): boolean {
    return this.#waiting.some((w) => w.transaction.id === id);
  }
  get waiting(): number {
    return this.#waiting.length;
  }
  /** Nothing is late any more. */
  hurry(now: number): void {
    this.#waiting = this.#waiting.map(({ transaction, at }) => ({ transaction, at: Math.min(at, now + 1_000) }));
  }

  /**
   * The next block, from what is there at `now` and what people want, which keeps its order.
   * @param time ledger time, ms
   */
  block(now: number, time: number, wanted: readonly SimTransaction[]): FinalBlock {
    const due = this.#random.shuffled(this.#waiting.filter((w) => w.at <= now)).slice(0, BLOCK_TRANSACTIONS);
    const taken = new Set(due);
    this.#waiting = this.#waiting.filter((w) => !taken.has(w));
    const transactions = due.map((w) => w.transaction);
    let at = 0;
    for (const transaction of wanted) {
      at = this.#random.between(at, transactions.length);
      transactions.splice(at, 0, transaction);
      at += 1;
    }
    const { ledger } = this;
    const origin = this.#random.below(4);
    const entries = transactions.map(({ bytes }) => ({ transaction: bytes, traceparent: '', tracestate: '' }));
    const batch = { chain: ledger.chain, origin, number: ledger.nextBatch(origin), expiresAt: time + 60_000, entries };
    const block = { height: ledger.height + 1, time, batches: entries.length > 0 ? [batch] : [] };
    const executed = this.#execute(ledger, block);
    const final = { ...block, executed, results: executed.results, transactions };
    this.blocks.push(final);
    for (const r of final.results) if (r.kind === 'transaction') this.#place(r, block.height);
    return final;
  }

  /** What a storage that holds `height` says of a transaction. */
  outcome(id: Digest, height: number): Outcome {
    const final = this.#final.get(id);
    if (final && final.height <= height) return { kind: 'final', result: final, provable: final.height < height };
    const last = this.#refused.get(id)?.findLast((r) => r.height <= height);
    return last ? { kind: 'refused', code: last.code, height: last.height } : { kind: 'none' };
  }

  /** A storage executes a block that is final. */
  follow(ledger: Ledger, block: FinalBlock): void {
    const { stateRoot, resultsRoot } = this.#execute(ledger, block);
    if (stateRoot !== block.executed.stateRoot || resultsRoot !== block.executed.resultsRoot)
      this.#verdict.fail('equal state', `Block ${block.height} has other roots at another storage.`);
  }

  #execute(ledger: Ledger, { height, time, batches }: ExecutableBlock): Executed {
    try {
      return ledger.execute({ height, time, batches });
    } catch (e) {
      return this.#verdict.fail('total ledger', `Block ${height}: ${e}`);
    }
  }
  #place(r: TransactionResult, height: number): void {
    if (!r.consumed) this.#refused.set(r.transaction, [...(this.#refused.get(r.transaction) ?? []), { ...r, height }]);
    else if (!this.#final.has(r.transaction)) this.#final.set(r.transaction, r);
  }
}
