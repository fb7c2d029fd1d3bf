/** The batches that are signed and not resolved, by seq; a bounded set. */
import type { Digest, TransactionResult } from '@bursar/protocol';
import type { Permit } from './breaker.ts';
import type { Intent } from './intent.ts';

export interface Flight {
  readonly intent: Intent;
  /** Monotonic ms. */
  readonly firstSentAt: number;
  sentAt: number;
  /** Final height known when it was last sent. */
  sentHeight: number;
  sends: number;
  /** Its result, once it is executed in a final block and not provable yet. */
  executed: TransactionResult | undefined;
  /** Given back to the breaker with the outcome, once. */
  permit: Permit | undefined;
}

export class InFlight {
  readonly #flights = new Map<Digest, Flight>();
  readonly #items = new Map<Digest, number>();

  get size(): number {
    return this.#flights.size;
  }
  /** Those that may still be executed. */
  get open(): number {
    let n = 0;
    for (const f of this.#flights.values()) if (!f.executed) n += 1;
    return n;
  }
  /** Ascending by seq; a copy, so that it may change meanwhile. */
  all(): Flight[] {
    return [...this.#flights.values()].sort((a, b) => (a.intent.batch.seq < b.intent.batch.seq ? -1 : 1));
  }
  intents(): Intent[] {
    return this.all().map((f) => f.intent);
  }
  epochs(): Set<bigint> {
    const open = [...this.#flights.values()].filter((f) => !f.executed);
    return new Set(open.map((f) => f.intent.batch.leaseEpoch));
  }
  /** Whether an item stands in one of them. */
  holds(item: Digest): boolean {
    return this.#items.has(item);
  }
  add(flight: Flight): void {
    this.#flights.set(flight.intent.id, flight);
    for (const { id } of flight.intent.batch.items) this.#items.set(id, (this.#items.get(id) ?? 0) + 1);
  }
  remove({ intent }: Flight): void {
    if (!this.#flights.delete(intent.id)) return;
    for (const { id } of intent.batch.items) {
      const left = (this.#items.get(id) ?? 0) - 1;
      if (left > 0) this.#items.set(id, left);
      else this.#items.delete(id);
    }
  }
  /** The lowest seqs that are neither used up nor in flight. */
  freeSeqs(nextSeq: bigint, count: number): bigint[] {
    const used = new Set([...this.#flights.values()].map((f) => f.intent.batch.seq));
    const free: bigint[] = [];
    for (let seq = nextSeq; free.length < count; seq++) if (!used.has(seq)) free.push(seq);
    return free;
  }
}
