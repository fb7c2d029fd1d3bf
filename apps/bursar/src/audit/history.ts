/** The blocks of one chain, replayed on the model: every result is held against what follows from the blocks before it. */
import { verify } from '@bursar/crypto';
import {
  type ActionOf,
  type Batch,
  type Digest,
  decode,
  decodeTransaction,
  encode,
  equalBytes,
  evidenceKind,
  findRejection,
  fromHex,
  type Genesis,
  type PaymentReceipt,
  type RejectionName,
  type Result,
  result,
  type SignedTransaction,
  signedTransaction,
  type Transaction,
  type TransactionResult,
  transactionHash,
  transactionId,
} from '@bursar/protocol';
import type { Findings, Property } from './findings.ts';
import { changesDue } from './model/changes.ts';
import { judge, unconsumed } from './model/judge.ts';
import { applyReceipt, executeItem, expectedReceipt, unpaid } from './model/payments.ts';
import type { Verdict } from './model/verdict.ts';
import { World } from './model/world.ts';

/** Under which property it shows that something was done which had to be refused for this reason. */
const propertyOf: Partial<Record<RejectionName, Property>> = {
  InsufficientFunds: 'funds',
  NonceTooLow: 'nonce',
  NonceGap: 'nonce',
  NotAuthorised: 'authority',
  PauseNumberStale: 'authority',
  ImportMismatch: 'import',
  ImportSealed: 'import',
  ClientKeyConflict: 'import',
  ClientKeyCancelled: 'import',
  DependencyMissing: 'import',
  DependencyCycle: 'import',
  OwnProposal: 'approval',
  ChangeStale: 'authority',
  ChangeInvalid: 'authority',
  ChangeOver: 'authority',
  HoldNumberStale: 'authority',
  PayeeUnknown: 'payee',
  PayeeChanged: 'payee',
  Held: 'payee',
  ReversalInvalid: 'import',
  AlreadyApproved: 'approval',
  NotApproved: 'approval',
  OverLimit: 'limit',
  BlockedByDependency: 'dependency',
  NotDue: 'schedule',
  Paused: 'schedule',
  BatchExpired: 'schedule',
  AlreadyCancelled: 'schedule',
  LeaseHeld: 'lease',
  Fenced: 'lease',
  SeqReused: 'seq',
  SeqGap: 'seq',
  BodyStale: 'receipt',
  AlreadyExecuted: 'once',
  EvidenceInvalid: 'evidence',
};

interface Entry {
  readonly id: Digest;
  readonly signed: SignedTransaction | undefined;
  readonly tx: Transaction | undefined;
}

export class History {
  readonly world: World;
  readonly #findings: Findings;
  /** Every transaction that stands in a block, and whether it is done. */
  readonly transactions = new Map<Digest, boolean>();
  readonly #receipts = new Map<Digest, number>();
  readonly #lastPaid = new Map<number, { readonly epoch: bigint; readonly seq: bigint }>();
  #results: readonly Result[] = [];
  #at = 0;
  debits = 0n;
  credits = 0n;
  readonly offences: { readonly validator: number; readonly kind: string }[] = [];

  constructor(genesis: Genesis, chain: Digest, findings: Findings) {
    this.world = new World(genesis, chain);
    this.#findings = findings;
  }

  apply(height: number, time: number, batches: readonly Batch[], results: readonly Result[]): void {
    this.world.height = height;
    this.world.time = time;
    changesDue(this.world);
    this.#results = results;
    this.#at = 0;
    let index = 0;
    for (const { entries } of batches) for (const { transaction } of entries) this.#entry(open(transaction), index++);
    for (; this.#at < results.length; this.#at++) {
      const extra = results[this.#at] as Result;
      if (extra.kind === 'payment') this.#receipt(extra, undefined);
      else this.#say('result', `a result of transaction ${extra.transaction} stands behind those of all its transactions`);
    }
  }

  /** At rest. */
  finish(): void {
    for (const { id, amount } of unpaid(this.world)) this.#say('unpaid', `payment ${id} of ${amount} may be paid and has no receipt`);
  }

  #say(property: Property, what: string): void {
    this.#findings.add(property, this.world.height, what);
  }

  #entry({ id, signed, tx }: Entry, index: number): void {
    if (signed && tx && !verify(fromHex(tx.signer), transactionHash(signed.body), signed.signature))
      this.#say('signature', `transaction ${id} is not signed by ${tx.signer}`);
    const found = this.#results[this.#at];
    if (found?.kind !== 'transaction' || found.transaction !== id) {
      this.#say('result', `transaction ${id} has no result where it must stand`);
      return;
    }
    this.#at += 1;
    this.transactions.set(id, this.transactions.get(id) === true || (found.code === 0 && found.consumed));
    const judgement = judge(this.world, tx, id);
    if ('again' in judgement) {
      if (!equalBytes(encode(result, found), judgement.again)) this.#say('seq', `transaction ${id} came again and has another result`);
      return;
    }
    if (found.height !== this.world.height || found.index !== index)
      this.#say('result', `the result of transaction ${id} names height ${found.height}, place ${found.index}`);
    const name = tx ? `transaction ${id} (${tx.action.kind})` : `transaction ${id}`;
    this.#compare(judgement, found.code, name);
    if (tx) this.#consume(tx, found, judgement);
    if (found.code !== 0) return;
    judgement.apply?.();
    if (tx?.action.kind === 'executeBatch') this.#batch(tx.signer, tx.action, found);
    if (tx?.action.kind === 'evidence') {
      const { evidence: e } = tx.action;
      const kind = evidenceKind(e) ?? 'nothing';
      this.offences.push({ validator: e.validator, kind });
      this.world.offences.set(`${e.validator}/${e.height}/${kind}`, { transaction: id, result: encode(result, found) });
    }
  }

  #compare({ expected, tolerated = [] }: Verdict, code: number, name: string): void {
    const said = code === 0 ? undefined : findRejection(code)?.name;
    if (said === expected && (code === 0 || said !== undefined)) return;
    if (said !== undefined && (tolerated as readonly string[]).includes(said)) return;
    if (code !== 0) this.#say('result', `${name} was refused with ${said ?? code}; it is to be ${expected ?? 'done'}`);
    else this.#say(propertyOf[expected as RejectionName] ?? 'result', `${name} was done; it is to be refused with ${expected}`);
  }

  #consume({ action, signer, nonce }: Transaction, found: TransactionResult, { expected }: Verdict): void {
    const counts = action.kind === 'executeBatch' || action.kind === 'evidence';
    const isUsed = counts ? found.code === 0 : !(expected !== undefined && unconsumed.has(expected));
    if (found.consumed !== isUsed && (found.code === 0) === (expected === undefined))
      this.#say('nonce', `transaction ${found.transaction} says ${found.consumed ? 'that it used' : 'that it did not use'} its nonce`);
    const account = this.world.accounts.get(signer);
    if (!counts && found.consumed && account) account.nonce = nonce + 1n;
  }

  #batch(signer: string, a: ActionOf<'executeBatch'>, found: TransactionResult): void {
    const lease = this.world.leases[a.shard];
    lease?.executed.push({ transaction: found.transaction, result: encode(result, found) });
    if (found.items.length !== a.items.length)
      this.#say('result', `batch ${found.transaction} has ${a.items.length} items and ${found.items.length} codes`);
    for (const [i, item] of a.items.entries()) {
      const code = found.items[i] ?? 0;
      this.#compare(executeItem(this.world, signer, a, item), code, `payment ${item.id}`);
      if (code !== 0) continue;
      this.debits += this.world.items.get(item.id)?.amount ?? 0n;
      const receipt = this.#results[this.#at];
      if (receipt?.kind !== 'payment' || receipt.disbursement !== item.id)
        this.#say('receipt', `payment ${item.id} was done and has no receipt`);
      else {
        this.#at += 1;
        this.#receipt(receipt, expectedReceipt(this.world, a, item, found.transaction), a.shard);
      }
    }
  }

  #receipt(r: PaymentReceipt, expected: ReturnType<typeof expectedReceipt>, shard?: number): void {
    const before = this.#receipts.get(r.disbursement);
    if (before !== undefined) this.#say('once', `payment ${r.disbursement} has a receipt at height ${before} already`);
    else this.#receipts.set(r.disbursement, this.world.height);
    if (!expected) this.#say('receipt', `the receipt of payment ${r.disbursement} follows no batch that made it`);
    else {
      for (const [field, value] of Object.entries(expected.fields))
        if (r[field as keyof PaymentReceipt] !== value)
          this.#say('receipt', `the receipt of payment ${r.disbursement} says ${field} ${r[field as keyof PaymentReceipt]}, not ${value}`);
      if (!expected.imports.includes(r.import))
        this.#say('approval', `the receipt of payment ${r.disbursement} names import ${r.import}, under which it was not approved`);
    }
    if (shard !== undefined) this.#order(r, shard);
    this.credits += r.amount;
    applyReceipt(this.world, r);
  }

  /** Told by the receipts alone, whatever the batches say. */
  #order({ disbursement, leaseEpoch: epoch, seq }: PaymentReceipt, shard: number): void {
    const last = this.#lastPaid.get(shard);
    if (last && epoch < last.epoch) this.#say('lease', `payment ${disbursement} is of epoch ${epoch}, after one of ${last.epoch}`);
    if (last && seq < last.seq) this.#say('seq', `payment ${disbursement} is of seq ${seq}, after one of ${last.seq}`);
    this.#lastPaid.set(shard, { epoch, seq });
  }
}

function open(bytes: Uint8Array): Entry {
  const signed = tried(() => decode(signedTransaction, bytes));
  return { id: transactionId(signed?.body ?? bytes), signed, tx: signed && tried(() => decodeTransaction(signed.body)) };
}
function tried<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined; // no canonical form: it can do nothing, and must have done nothing
  }
}
