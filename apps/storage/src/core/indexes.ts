/** Where things are: kept in memory, made again from the log at each start. */
import {
  type ByteList,
  type Digest,
  decode,
  decodeTransaction,
  type Hex32,
  isReceipt,
  peekCode,
  peekTransactionResult,
  signedTransaction,
} from '@bursar/protocol';
import { kindOf } from './peek.ts';

export interface Place {
  readonly height: number;
  /** Place among the results of the block. */
  readonly index: number;
}
export interface Entry {
  readonly transaction: Uint8Array;
  readonly traceparent: string;
}

/** Results that used nothing up (a gap, a pause): the newest so many are remembered; the same bytes may come again. */
const MAX_OPEN = 100_000;

export class Indexes {
  readonly #done = new Map<Digest, Place>();
  readonly #open = new Map<Digest, Place>();
  readonly #approvals = new Map<Digest, Map<Hex32, Uint8Array>>();
  readonly #traceparents = new Map<Digest, string>();
  readonly #maxOpen: number;

  constructor(maxOpen = MAX_OPEN) {
    this.#maxOpen = maxOpen;
  }

  /** `results` as the ledger gave them: one of a transaction for each entry, in order, payments between. */
  add(height: number, entries: readonly Entry[], results: ByteList): void {
    let next = 0;
    for (let index = 0; index < results.length; index++) {
      if (isReceipt(results.packed, results.start(index))) continue;
      const entry = entries[next++];
      const result = results.at(index);
      const { transaction, consumed } = peekTransactionResult(result);
      this.#place(transaction, { height, index }, consumed);
      if (entry && peekCode(result) === 0) this.#remember(entry);
    }
  }

  /** The result that used the nonce or seq up stands; before there is one, the newest. */
  transaction(id: Digest): Place | undefined {
    return this.#done.get(id) ?? this.#open.get(id);
  }

  /** Canonical signed transactions, one for each approver, in the order in which they were applied. */
  approvals(importDigest: Digest): readonly Uint8Array[] {
    return [...(this.#approvals.get(importDigest)?.values() ?? [])];
  }

  /** W3C traceparent of the seal; empty when there was none. */
  traceparent(importDigest: Digest): string {
    return this.#traceparents.get(importDigest) ?? '';
  }

  #place(id: Digest, place: Place, consumed: boolean): void {
    if (this.#done.has(id)) return;
    this.#open.delete(id);
    if (consumed) this.#done.set(id, place);
    else this.#open.set(id, place);
    if (this.#open.size > this.#maxOpen) for (const oldest of this.#open.keys()) return void this.#open.delete(oldest);
  }

  #remember({ transaction, traceparent }: Entry): void {
    const kind = kindOf(transaction);
    if (kind !== 'approve' && kind !== 'importSeal') return;
    const { action, signer } = decodeTransaction(decode(signedTransaction, transaction).body);
    if (action.kind === 'importSeal' && traceparent !== '' && !this.#traceparents.has(action.import))
      this.#traceparents.set(action.import, traceparent);
    if (action.kind !== 'approve') return;
    const known = this.#approvals.get(action.import) ?? new Map<Hex32, Uint8Array>();
    if (!known.has(signer)) known.set(signer, transaction.slice()); // it is a view of the whole batch
    this.#approvals.set(action.import, known);
  }
}
