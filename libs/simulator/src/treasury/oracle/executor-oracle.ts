/** Watches what executors write and send. Knows canonical bytes, none of their rules. */
import { journalRecord } from '@bursar/executor';
import { type Digest, decode } from '@bursar/protocol';
import type { Verdict } from '../invariants.ts';
import type { SimTransaction } from '../transaction.ts';

export class ExecutorOracle {
  readonly #verdict: Verdict;
  /** How often a process has lost its journal: who does not know what it signed may sign something else. */
  readonly #losses = new Map<number, number>();
  /** process/losses/shard/epoch/seq → the batch that was sent. */
  readonly #sent = new Map<string, Digest>();
  /** Batches that the ledger has applied. */
  readonly #applied = new Set<Digest>();
  /** Batches that some executor gave up for good. */
  readonly #dead = new Map<Digest, string>();
  readonly counts: Record<string, number> = {};
  sendings = 0;

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }
  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
  get batches(): number {
    return this.#applied.size;
  }

  /** Its journal is gone, or an old one has come back. */
  forgot(who: number): void {
    this.#losses.set(who, (this.#losses.get(who) ?? 0) + 1);
  }
  /** It says how a batch ended. */
  appended(who: number, bytes: Uint8Array): void {
    const record = decode(journalRecord, bytes);
    if (record.kind !== 'done') return;
    const { transaction, ending } = record;
    if ((ending === 'applied') === this.#applied.has(transaction)) {
      if (ending !== 'applied') this.#dead.set(transaction, `executor ${who} said: ${ending}`);
      return;
    }
    this.#verdict.fail(
      'true ending',
      `Executor ${who} calls ${transaction.slice(0, 10)} ${ending}; it was ${ending === 'applied' ? 'not ' : ''}executed.`,
    );
  }
  sent(who: number, { id, tx, body }: SimTransaction, journal: { holds(bytes: Uint8Array): boolean }): void {
    this.sendings += 1;
    const { action } = tx;
    if (action.kind !== 'executeBatch') return;
    const place = `shard ${action.shard}, epoch ${action.leaseEpoch}, seq ${action.seq}`;
    if (!journal.holds(body)) this.#verdict.fail('on disk first', `Executor ${who}: ${place}.`);
    const key = `${who}/${this.#losses.get(who) ?? 0}/${place}`;
    const before = this.#sent.get(key);
    if (before !== undefined && before !== id && !this.#dead.has(before))
      this.#verdict.fail('one batch a seq', `Executor ${who}, ${place}: ${before.slice(0, 10)}, now ${id.slice(0, 10)}.`);
    this.#sent.set(key, id);
  }
  /** The ledger has applied it, just now. */
  applied(id: Digest): void {
    this.#applied.add(id);
    const said = this.#dead.get(id);
    if (said !== undefined) this.#verdict.fail('true ending', `${id.slice(0, 10)} was executed; ${said}.`);
  }
  ticked(who: number, staged: number, most: number): void {
    if (staged > most) this.#verdict.fail('bounded state', `Executor ${who}: ${staged} batches.`);
  }
  surprised(who: number, thrown: unknown): void {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#verdict.note('no surprise', `Executor ${who}: ${text}`); // what the oracle threw itself stands there already
  }
}
