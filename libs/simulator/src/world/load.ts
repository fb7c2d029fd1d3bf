/** Batches offered at random: references only, as ordering never looks into a body. */
import { type BatchRef, digest } from '@bursar/protocol';
import type { Cell } from './cell.ts';
import type { Envelope } from './envelope.ts';
import type { Random } from './random.ts';

/** Batches of one origin that wait to be ordered, at most. */
const OUTSTANDING = 6;
/** Ledger time may be this much ahead of the world's. */
const SLACK_MS = 5_000;

export class Load {
  readonly #random: Random;
  readonly #cells: readonly Cell[];
  readonly #send: (from: number, to: number, envelope: Envelope) => void;
  readonly #made: Map<number, BatchRef & { readonly gossipedAtMs: number }>[];
  readonly #now: () => number;
  /** For each origin, the highest number that was its next one. */
  readonly #reached: number[];
  #count = 0;

  constructor(random: Random, cells: readonly Cell[], now: () => number, send: (from: number, to: number, envelope: Envelope) => void) {
    this.#now = now;
    this.#random = random;
    this.#cells = cells;
    this.#send = send;
    this.#made = cells.map(() => new Map());
    this.#reached = cells.map(() => 1);
  }
  get count(): number {
    return this.#count;
  }
  /** One origin makes its next batch, makes an expired one again, or repeats the one that is due to peers that may lack it. */
  offer(): void {
    const origin = this.#random.below(this.#cells.length);
    const cell = this.#cells[origin];
    const made = this.#made[origin];
    if (cell === undefined || made === undefined || !cell.alive) return;
    const next = cell.storage.nextBatch(origin);
    if (next < (this.#reached[origin] ?? 0)) return; // its storage was lost: it catches up first
    this.#reached[origin] = next;
    for (const number of made.keys()) if (number < next) made.delete(number);
    const due = made.get(next);
    // Refused by everybody from now on, hence safe to make again from this number.
    if (due !== undefined && due.expiresAt < cell.storage.time) made.clear();
    const ref: BatchRef | undefined = made.size < OUTSTANDING ? this.#make(origin, next + made.size, cell.storage.time) : due;
    if (ref === undefined) return;
    if (!made.has(ref.number)) made.set(ref.number, { ...ref, gossipedAtMs: 0 });
    for (const r of due !== undefined && due !== ref && made.has(next) ? [due, ref] : [ref]) {
      cell.addBatch(r);
      made.set(r.number, { ...r, gossipedAtMs: this.#now() });
      for (let to = 0; to < this.#cells.length; to++) if (to !== origin) this.#send(origin, to, { kind: 'batch', ref: r });
    }
  }
  /** The next batch of each origin, given the last number that was ordered, if all were told of it in that time and it has not expired. */
  unordered(fromMs: number, toMs: number, ordered: readonly number[]): BatchRef[] {
    return this.#made.flatMap((made, origin) => {
      const due = made.get((ordered[origin] ?? 0) + 1);
      return due !== undefined && due.gossipedAtMs > fromMs && due.gossipedAtMs < toMs && due.expiresAt > this.#now() + SLACK_MS
        ? [due]
        : [];
    });
  }
  #make(origin: number, number: number, time: number): BatchRef {
    const id = digest('bursar/sim-batch', new Uint8Array([origin, ...new Uint8Array(new Uint32Array([++this.#count]).buffer)]));
    const transactions = this.#random.between(1, 500);
    const expiresAt = time + this.#random.pick([1_500, 10_000, 60_000]);
    return { origin, number, digest: id, bytes: 200 * transactions, transactions, expiresAt };
  }
}
