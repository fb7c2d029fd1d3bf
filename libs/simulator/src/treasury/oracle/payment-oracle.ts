/**
 * The treasury's rules said again, by looking at everything: which payment may be made now, and who is owed one. It is told what the
 * blocks hold and what the ledger answered, never what the ledger thinks.
 */
import {
  type ActionOf,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementId,
  type Hex32,
  type Lane,
  type PaymentReceipt,
  type RejectionName,
} from '@bursar/protocol';
import { executorKeys, guardians, idOf, SMALL, type TreasuryFacts, treasuries } from '../genesis.ts';
import type { TreasuryInvariant, Verdict } from '../invariants.ts';

interface Item {
  body: DisbursementBody;
  hash: Digest;
  readonly treasury: TreasuryFacts;
  /** That brought the body which it has now. */
  imports: Import[];
  holds: number;
  /** Who lets it go, while it is held. */
  releases: Set<Hex32> | undefined;
  isCancelled: boolean;
  receipt: PaymentReceipt | undefined;
}
interface Import {
  readonly digest: Digest;
  readonly proposer: Hex32;
  readonly approvals: Set<Hex32>;
}
const approversOf = ({ body }: Pick<Item, 'body'>): number => (body.amount <= SMALL ? 1 : 2);

/** The batch that an item stands in, and when. */
export interface Attempt {
  readonly signer: Hex32;
  readonly lane: Lane;
  readonly bodyHash: Digest;
  readonly time: number;
}
export interface Balances {
  balance(account: Hex32): bigint;
}

/** A condition that forbids to pay, the invariant that says so, and the ledger's name for it. */
type Obstacle = readonly [RejectionName, TreasuryInvariant, () => boolean];

export class PaymentOracle {
  readonly #verdict: Verdict;
  readonly #balances: Balances;
  readonly #items = new Map<Digest, Item>();
  readonly #imports = new Map<Digest, Import>();
  readonly #chunks = new Map<string, DisbursementBody[][]>();
  readonly #pauses = new Map<Digest, { number: number; paused: boolean; resumes: Set<Hex32> }>();
  readonly #executors = new Set(executorKeys.map(idOf));
  /** By treasury, in the order of time. */
  readonly #paid = new Map<Digest, PaymentReceipt[]>();

  constructor(verdict: Verdict, balances: Balances) {
    this.#verdict = verdict;
    this.#balances = balances;
  }
  get ids(): Digest[] {
    return [...this.#items.keys()];
  }
  pausesOf(treasury: Digest): { number: number; paused: boolean; resumes: Set<Hex32> } {
    const known = this.#pauses.get(treasury) ?? { number: 0, paused: false, resumes: new Set<Hex32>() };
    this.#pauses.set(treasury, known);
    return known;
  }
  /** Whether anything of a paused treasury stands among these. */
  isHeldUp(ids: readonly Digest[]): boolean {
    return ids.some((id) => this.pausesOf(this.#items.get(id)?.treasury.id ?? '').paused);
  }

  chunk(signer: Hex32, a: ActionOf<'importChunk'>): void {
    const key = `${signer}/${a.import}`;
    const chunks = this.#chunks.get(key) ?? [];
    chunks[a.index] = [...a.items];
    this.#chunks.set(key, chunks);
  }
  seal(signer: Hex32, a: ActionOf<'importSeal'>): void {
    const made: Import = { digest: a.import, proposer: signer, approvals: new Set() };
    this.#imports.set(a.import, made);
    const treasury = treasuries.find((t) => t.id === a.treasury) as TreasuryFacts;
    for (const body of (this.#chunks.get(`${signer}/${a.import}`) ?? []).flat()) {
      const id = disbursementId(a.treasury, body.clientKey);
      const known = this.#items.get(id);
      const hash = bodyHash(body);
      const fresh = { isCancelled: false, receipt: undefined, holds: 0, releases: undefined };
      if (known?.hash === hash) known.imports.push(made);
      else if (known)
        Object.assign(known, { body, hash, imports: [made], releases: known.releases && new Set() }); // all that was signed is void
      else this.#items.set(id, { body, hash, treasury, imports: [made], ...fresh });
    }
  }
  approve(signer: Hex32, a: ActionOf<'approve'>): void {
    this.#imports.get(a.import)?.approvals.add(signer);
  }
  hold(a: ActionOf<'hold'>): void {
    const item = this.#items.get(a.disbursement);
    if (item) Object.assign(item, { holds: a.number, releases: new Set() });
  }
  release(signer: Hex32, a: ActionOf<'release'>): void {
    const item = this.#items.get(a.disbursement);
    item?.releases?.add(signer);
    if (item && (item.releases?.size ?? 0) >= approversOf(item)) item.releases = undefined;
  }
  /** What stands in the books under this id, who proposed it, and its holds. */
  find(
    id: Digest,
  ): { readonly body: DisbursementBody; readonly proposer: Hex32; readonly holds: number; readonly isHeld: boolean } | undefined {
    const item = this.#items.get(id);
    return item && { body: item.body, proposer: item.imports[0]?.proposer ?? '', holds: item.holds, isHeld: item.releases !== undefined };
  }
  cancel(a: ActionOf<'cancel'>): void {
    const item = this.#items.get(a.disbursement);
    if (item?.receipt) this.#verdict.fail('cancelled', `${a.disbursement.slice(0, 10)} was paid before.`);
    if (item) item.isCancelled = true;
  }
  pause(a: ActionOf<'pause'>): void {
    Object.assign(this.pausesOf(a.treasury), { number: a.number, paused: true, resumes: new Set() });
  }
  resume(signer: Hex32, a: ActionOf<'resume'>): void {
    const known = this.pausesOf(a.treasury);
    known.resumes.add(signer);
    if (known.resumes.size >= guardians.length) known.paused = false;
  }

  /** The ledger paid it. */
  paid(receipt: PaymentReceipt, attempt: Attempt): void {
    const { disbursement: id, amount, from, to } = receipt;
    const item = this.#items.get(id);
    for (const [, invariant, stands] of this.#obstacles(id, item, attempt, 0))
      if (stands()) this.#verdict.fail(invariant, this.#say(id, attempt));
    if (
      item === undefined ||
      receipt.bodyHash !== item.hash ||
      amount !== item.body.amount ||
      to !== item.body.destination ||
      from !== item.treasury.account
    )
      this.#verdict.fail('as imported', this.#say(id, attempt));
    if (!this.#isApproved(item, receipt.import)) this.#verdict.fail('approved', this.#say(id, attempt));
    item.receipt = receipt;
    this.#paid.set(item.treasury.id, [...(this.#paid.get(item.treasury.id) ?? []), receipt]);
  }
  /** The ledger did not pay it, for the reason that it names. */
  refused(id: Digest, reason: RejectionName, attempt: Attempt): void {
    if (reason === 'WrongShard') return; // which shard it has is the ledger's to say; who is owed money gets it, or the run fails
    const item = this.#items.get(id);
    // An item of several imports is approved in the block after the one that approves another of them.
    if (reason === 'NotApproved' && (item?.imports.length ?? 0) > 1) return;
    const found = this.#obstacles(id, item, attempt, 2).find(([name]) => name === reason);
    if (found === undefined || !found[2]()) this.#verdict.fail('true refusal', `${this.#say(id, attempt)} ${reason}`);
  }

  /** @param slack steps of a window, 1/64 each, by which the ledger may be stricter than an exact one */
  #obstacles(id: Digest, item: Item | undefined, { signer, lane, bodyHash: hash, time }: Attempt, slack: number): Obstacle[] {
    if (item === undefined) return [['UnknownDisbursement', 'as imported', () => true]];
    const { body, treasury } = item;
    return [
      ['AlreadyExecuted', 'one receipt', () => item.receipt !== undefined],
      ['AlreadyCancelled', 'cancelled', () => item.isCancelled],
      ['BodyStale', 'as imported', () => hash !== item.hash],
      ['WrongShard', 'as imported', () => lane !== body.lane],
      ['NotAuthorised', 'as imported', () => !this.#executors.has(signer)],
      ['NotApproved', 'approved', () => !this.#isApproved(item)],
      ['NotDue', 'due', () => body.notBefore > time],
      ['BlockedByDependency', 'dependencies', () => body.dependsOn.some((d) => this.#items.get(d)?.receipt === undefined)],
      ['Held', 'held', () => item.releases !== undefined],
      ['OverLimit', 'limits', () => this.#isOver(item, time, slack)],
      ['InsufficientFunds', 'books', () => this.#balances.balance(treasury.account) < body.amount],
      ['Paused', 'paused', () => this.isHeldUp([id])],
    ];
  }
  /** @param by of one import alone */
  #isApproved(item: Item, by?: Digest): boolean {
    const approving = item.imports.filter(({ digest }) => by === undefined || digest === by);
    return approving.some(({ proposer, approvals }) => [...approvals].filter((a) => a !== proposer).length >= approversOf(item));
  }
  #isOver({ body, treasury }: Item, time: number, slack: number): boolean {
    const { perPayment, windows } = treasury.limits;
    if (body.amount > perPayment) return true;
    return windows.some(({ lengthMs, most, scope }) => {
      const from = time - lengthMs - slack * Math.ceil(lengthMs / 64);
      const counted = (this.#paid.get(treasury.id) ?? []).filter(
        (r) => r.time > from && (scope === 'treasury' || r.to === body.destination),
      );
      return counted.reduce((sum, r) => sum + r.amount, 0n) + body.amount > most;
    });
  }
  #say(id: Digest, { time }: Attempt): string {
    return `${this.#items.get(id)?.body.clientKey ?? id.slice(0, 10)} at ${time}.`;
  }

  /** What is approved, not paid, and waits for nothing but time and money: in the end each of them has a receipt. */
  owed(): DisbursementBody[] {
    const owed = [...this.#items].filter(([id, item]) => item.receipt === undefined && this.#isPayable(id, new Set()));
    return owed.map(([, item]) => item.body);
  }
  #isPayable(id: Digest, above: ReadonlySet<Digest>): boolean {
    const item = this.#items.get(id);
    if (item === undefined || above.has(id)) return false;
    if (item.receipt !== undefined) return true;
    const { body, treasury } = item;
    const { perPayment, windows } = treasury.limits;
    if (
      item.isCancelled ||
      item.releases !== undefined ||
      !this.#isApproved(item) ||
      body.amount > perPayment ||
      windows.some((w) => w.most < body.amount)
    )
      return false;
    return body.dependsOn.every((d) => this.#isPayable(d, new Set([...above, id])));
  }
}
