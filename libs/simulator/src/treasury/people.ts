/** Those who use the treasury: they import, approve, cancel, pause and pay in, each in time or late. */
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementId,
  type Hex32,
  importDigest,
  importLeaf,
} from '@bursar/protocol';
import type { Random } from '../world/random.ts';
import { approvers, guardians, idOf, type Person, payees, proposers, SMALL, type TreasuryFacts, treasuries } from './genesis.ts';

export interface Wish {
  readonly by: Person;
  readonly action: Action;
}
/** After the end of the faults there is one more import, ms. */
const LAST_IMPORT_MS = 30_000;

interface Import {
  readonly treasury: TreasuryFacts;
  readonly digest: Digest;
  readonly proposer: Person;
  /** Whether it is to be approved in the end. */
  readonly isWanted: boolean;
}
export interface PeoplePort {
  readonly random: Random;
  readonly importEveryMs: number;
  /** Ledger time. */
  time(): number;
  after(ms: number, run: () => void): void;
  /** Of the treasury, so far. */
  pauses(treasury: Digest): { readonly number: number; readonly paused: boolean };
  /** What the ledger has under this id. */
  find(id: Digest): Known | undefined;
  count(what: string): void;
}
export interface Known {
  readonly body: DisbursementBody;
  readonly proposer: Hex32;
  /** Holds so far. */
  readonly holds: number;
  readonly isHeld: boolean;
}

export class People {
  readonly #port: PeoplePort;
  readonly #imports: Import[] = [];
  /** Ids of all that were ever imported, by treasury. */
  readonly #known = new Map<Digest, Digest[]>();
  #wishes: Wish[] = [];
  #keys = 0;
  #isOver = false;
  /** They want nothing more. */
  hasEnded = false;

  constructor(port: PeoplePort) {
    this.#port = port;
    this.#import();
    this.#again(
      () => this.#port.importEveryMs,
      () => this.#import(),
    );
    this.#again(
      () => 6_000,
      () => this.#cancel(),
    );
    this.#again(
      () => 10_000,
      () => this.#hold(),
    );
    this.#again(
      () => 10_000,
      () => this.#revise(),
    );
    this.#again(
      () => 25_000,
      () => this.#pause(),
    );
    this.#again(
      () => 12_000,
      () => this.#payIn(this.#port.random.pick([50n, 300n, 1_000n])),
    );
  }
  /** What is to stand in the next block, each person's wishes in their order. */
  take(): Wish[] {
    const taken = this.#wishes;
    this.#wishes = [];
    return taken;
  }
  /** They do what is left to do, so that everything that may be paid can be. */
  heal(): void {
    this.#isOver = true;
    this.#wishes = this.#wishes.filter(({ action }) => action.kind !== 'pause' && action.kind !== 'hold');
    for (const { id } of treasuries) {
      const { number, paused } = this.#port.pauses(id);
      if (paused) for (const by of guardians) this.#wish(by, { kind: 'resume', treasury: id, number });
    }
    for (const made of this.#imports) if (made.isWanted) this.#approveFully(made);
    // Life goes on: whatever the faults have left behind must not stand in its way.
    this.#port.after(LAST_IMPORT_MS, () => {
      this.#approveFully(this.#import(true));
      this.hasEnded = true;
    });
    for (const { id, treasury } of this.#all()) {
      const { isHeld, holds: number } = this.#port.find(id) ?? { isHeld: false, holds: 0 };
      if (isHeld) for (const by of approvers) this.#wish(by, { kind: 'release', treasury, disbursement: id, number });
    }
    for (const { account } of treasuries) this.#wish('client', { kind: 'transfer', to: account, amount: 50_000n, memo: '' });
  }

  #approveFully({ treasury, digest, proposer }: Import): void {
    for (const by of approvers) if (by !== proposer) this.#wish(by, { kind: 'approve', treasury: treasury.id, import: digest });
  }
  #wish(by: Person, action: Action): void {
    this.#wishes.push({ by, action });
  }
  /** Now and then, until the faults end. */
  #again(everyMs: () => number, run: () => void): void {
    this.#port.after(everyMs() * 2 * this.#port.random.unit(), () => {
      if (this.#isOver) return;
      run();
      this.#again(everyMs, run);
    });
  }
  #later(mostMs: number, by: Person, action: () => Action): void {
    this.#port.after(mostMs * this.#port.random.unit(), () => {
      if (!this.#isOver) this.#wish(by, action());
    });
  }

  #import(isWanted = this.#port.random.chance(0.85)): Import {
    const { random, find } = this.#port;
    const treasury = random.pick(treasuries);
    const known = this.#known.get(treasury.id) ?? [];
    const items: DisbursementBody[] = [];
    const ids: Digest[] = [];
    for (let left = random.pick([1, 3, 6, 10]); left > 0; left--) {
      const body = this.#body(treasury, [...known, ...ids]);
      items.push(body);
      ids.push(disbursementId(treasury.id, body.clientKey));
    }
    this.#known.set(treasury.id, [...known, ...ids]);
    // Some import again what they have imported before.
    const before = known.length > 0 && random.chance(0.15) ? find(random.pick(known)) : undefined;
    if (before) items.push(before.body);
    return this.#propose(treasury, random.pick(proposers), items, isWanted);
  }
  #propose(treasury: TreasuryFacts, proposer: Person, items: readonly DisbursementBody[], isWanted: boolean): Import {
    const { random, count } = this.#port;
    const leaves = items.map((b) => importLeaf(disbursementId(treasury.id, b.clientKey), bodyHash(b)));
    const digest = importDigest(treasury.id, merkleRoot(leaves));
    const common = { treasury: treasury.id, import: digest };
    const cut = random.between(1, items.length);
    const chunks = [items.slice(0, cut), items.slice(cut)].filter((c) => c.length > 0);
    for (const [index, chunk] of chunks.entries()) this.#wish(proposer, { kind: 'importChunk', ...common, index, items: chunk });
    this.#wish(proposer, { kind: 'importSeal', ...common, chunks: chunks.length, count: items.length });
    count('import');
    if (random.chance(0.2)) this.#later(3_000, proposer, () => ({ kind: 'approve', ...common })); // if only one could
    for (const by of approvers) {
      const isFirst = by === random.pick(approvers);
      if (isWanted ? random.chance(0.8) : isFirst && items.every((b) => b.amount > SMALL))
        this.#later(random.pick([500, 5_000, 60_000]), by, () => ({ kind: 'approve', ...common }));
    }
    const made = { treasury, digest, proposer, isWanted };
    this.#imports.push(made);
    return made;
  }
  #body(treasury: TreasuryFacts, earlier: readonly Digest[]): DisbursementBody {
    const { random, time } = this.#port;
    const needs =
      random.chance(0.4) && earlier.length > 0 ? [random.pick(earlier.slice(-4)), random.pick(earlier)].slice(0, random.between(1, 2)) : [];
    const other = treasuries.find((t) => t !== treasury) as TreasuryFacts;
    return {
      treasury: treasury.id,
      clientKey: `k${this.#keys++}`,
      destination: random.chance(0.1) ? other.account : idOf(random.pick(payees)),
      amount: random.chance(0.05) ? 120n : BigInt(random.between(1, 40)),
      lane: random.chance(0.7) ? 'consumer' : 'industrial',
      notBefore: random.chance(0.25) ? time() + random.below(25_000) : 0,
      dependsOn: [...new Set(needs)].sort(),
      memo: '',
      payee: undefined,
      expectedReceipts: [],
      revision: 0,
      reverses: undefined,
    };
  }

  #cancel(): void {
    const { random, count } = this.#port;
    const all = this.#all();
    if (all.length === 0) return;
    const { id: disbursement, treasury } = random.pick(all.slice(random.pick([0, -12])));
    count('cancel');
    this.#wish(random.pick(approvers), { kind: 'cancel', treasury, disbursement });
  }
  #all(): { readonly id: Digest; readonly treasury: Digest }[] {
    return [...this.#known].flatMap(([treasury, ids]) => ids.map((id) => ({ id, treasury })));
  }
  /** Somebody has doubts about a payment; others look, and let it go. */
  #hold(): void {
    const { random, find, count } = this.#port;
    const all = this.#all();
    if (all.length === 0) return;
    const { id: disbursement, treasury } = random.pick(all.slice(-12));
    const number = (find(disbursement)?.holds ?? 0) + 1;
    count('hold');
    this.#wish(random.pick([...approvers, ...guardians]), { kind: 'hold', treasury, disbursement, number });
    for (const by of approvers)
      if (random.chance(0.7)) this.#later(20_000, by, () => ({ kind: 'release', treasury, disbursement, number }));
  }
  /** Its proposer finds a mistake: what was approved is approved no more. */
  #revise(): void {
    const { random, find, count } = this.#port;
    const all = this.#all();
    const known = all.length === 0 ? undefined : find(random.pick(all.slice(-12)).id);
    const treasury = treasuries.find((t) => t.id === known?.body.treasury);
    const proposer = proposers.find((p) => idOf(p) === known?.proposer);
    if (!known || !treasury || !proposer) return;
    count('revision');
    const { body } = known;
    const changed = random.chance(0.5) ? { amount: BigInt(random.between(1, 40)) } : { destination: idOf(random.pick(payees)) };
    this.#propose(treasury, proposer, [{ ...body, ...changed, revision: body.revision + 1 }], random.chance(0.85));
  }
  #pause(): void {
    const { random, pauses, count } = this.#port;
    const { id } = random.pick(treasuries);
    const { number } = pauses(id);
    count('pause');
    this.#wish(random.pick(guardians), { kind: 'pause', treasury: id, number: number + 1 });
    for (const by of guardians) this.#later(20_000, by, () => ({ kind: 'resume', treasury: id, number: number + 1 }));
  }
  #payIn(amount: bigint): void {
    this.#wish('client', { kind: 'transfer', to: this.#port.random.pick(treasuries).account, amount, memo: '' });
  }
}
