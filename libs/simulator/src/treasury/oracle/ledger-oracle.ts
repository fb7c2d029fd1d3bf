/** Looks at each final block and at what the ledger made of it. It shares canonical bytes with the ledger, no rule and no index. */
import type { Ledger } from '@bursar/ledger';
import {
  type ActionOf,
  findRejection,
  type Hex32,
  type PaymentReceipt,
  type RejectionName,
  type TransactionResult,
} from '@bursar/protocol';
import type { FinalBlock } from '../chain.ts';
import { CLIENT_BALANCE, idOf, TREASURY_BALANCE, treasuries } from '../genesis.ts';
import type { Verdict } from '../invariants.ts';
import type { SimTransaction } from '../transaction.ts';
import type { ExecutorOracle } from './executor-oracle.ts';
import { LeaseOracle } from './lease-oracle.ts';
import { PaymentOracle } from './payment-oracle.ts';

export class LedgerOracle {
  readonly payments: PaymentOracle;
  readonly leases: LeaseOracle;
  readonly #verdict: Verdict;
  readonly #executors: ExecutorOracle;
  readonly #balances = new Map<Hex32, bigint>();
  readonly #supply: bigint;
  readonly #applied = new Map<string, readonly number[]>();
  receipts = 0;

  constructor(verdict: Verdict, executors: ExecutorOracle, shards: number, leaseMs: number) {
    this.#verdict = verdict;
    this.#executors = executors;
    this.#balances.set(idOf('client'), CLIENT_BALANCE);
    for (const { account } of treasuries) this.#balances.set(account, TREASURY_BALANCE);
    this.#supply = [...this.#balances.values()].reduce((a, b) => a + b, 0n);
    this.payments = new PaymentOracle(verdict, { balance: (account) => this.#balances.get(account) ?? 0n });
    this.leases = new LeaseOracle(verdict, shards, leaseMs);
  }

  block({ height, time, transactions, results }: FinalBlock, ledger: Ledger): void {
    let at = 0;
    for (const transaction of transactions) {
      const result = results[at++];
      if (result?.kind !== 'transaction' || result.transaction !== transaction.id)
        this.#verdict.fail('total ledger', `Block ${height}: no result for ${transaction.id.slice(0, 10)}.`);
      const receipts: PaymentReceipt[] = [];
      for (let next = results[at]; next?.kind === 'payment'; next = results[++at]) receipts.push(next);
      this.#transaction(transaction, result, receipts, time);
    }
    this.leases.compare((shard) => ledger.lease(shard));
    let sum = 0n;
    for (const [account, balance] of this.#balances) {
      sum += balance;
      if (ledger.account(account)?.balance !== balance)
        this.#verdict.fail('books', `${account.slice(0, 10)} has ${ledger.account(account)?.balance} instead of ${balance}.`);
    }
    if (sum !== this.#supply || ledger.supply !== this.#supply || ledger.payments !== this.receipts)
      this.#verdict.fail(
        'books',
        `Supply ${ledger.supply} of ${this.#supply}, ${ledger.payments} payments with ${this.receipts} receipts.`,
      );
  }

  #transaction(
    { id, tx: { signer, action } }: SimTransaction,
    result: TransactionResult,
    receipts: readonly PaymentReceipt[],
    time: number,
  ): void {
    const name = findRejection(result.code)?.name;
    if (action.kind === 'executeBatch') {
      this.#batch(id, signer, action, result, receipts, time);
      return;
    }
    if (receipts.length > 0) this.#verdict.fail('as imported', `A ${action.kind} paid.`);
    if (!result.consumed) return;
    if (action.kind === 'lease') {
      const expected = this.leases.request(signer, action, time);
      if (expected !== name) this.#verdict.fail('leases', `A lease was answered ${name ?? 'done'} instead of ${expected ?? 'done'}.`);
    }
    if (result.code !== 0) return;
    const { payments } = this;
    if (action.kind === 'transfer') this.#move(signer, action.to, action.amount);
    else if (action.kind === 'importChunk') payments.chunk(signer, action);
    else if (action.kind === 'importSeal') payments.seal(signer, action);
    else if (action.kind === 'approve') payments.approve(signer, action);
    else if (action.kind === 'cancel') payments.cancel(action);
    else if (action.kind === 'hold') payments.hold(action);
    else if (action.kind === 'release') payments.release(signer, action);
    else if (action.kind === 'pause') payments.pause(action);
    else if (action.kind === 'resume') payments.resume(signer, action);
  }

  #batch(
    id: string,
    signer: Hex32,
    a: ActionOf<'executeBatch'>,
    result: TransactionResult,
    receipts: readonly PaymentReceipt[],
    time: number,
  ): void {
    const expected = this.leases.batch(id, signer, a, time, () => this.payments.isHeldUp(a.items.map((i) => i.id)));
    const name = findRejection(result.code)?.name ?? 'done';
    const got = result.code !== 0 ? name : this.#applied.has(id) ? 'repeat' : 'apply';
    if (got !== 'apply' && got !== 'repeat') this.#executors.count(`batch ${got}`);
    if (got !== expected) this.#verdict.fail('leases', `Batch ${id.slice(0, 10)} was answered ${got} instead of ${expected}.`);
    if (got !== 'apply') {
      const before = this.#applied.get(id);
      if (receipts.length > 0) this.#verdict.fail('one receipt', `A batch that was answered ${got} paid.`);
      if (got === 'repeat' && before?.join() !== result.items.join())
        this.#verdict.fail('leases', `Batch ${id.slice(0, 10)} got another answer than before.`);
      return;
    }
    this.#applied.set(id, result.items);
    this.#executors.applied(id);
    let paid = 0;
    for (const [i, item] of a.items.entries()) {
      const attempt = { signer, lane: a.lane, bodyHash: item.bodyHash, time };
      const code = result.items[i] ?? 0;
      if (code !== 0) {
        const reason = findRejection(code)?.name as RejectionName;
        this.#executors.count(`item ${reason}`);
        this.payments.refused(item.id, reason, attempt);
        continue;
      }
      const receipt = receipts[paid++];
      if (
        receipt?.disbursement !== item.id ||
        receipt.leaseEpoch !== a.leaseEpoch ||
        receipt.seq !== a.seq ||
        receipt.transaction !== id ||
        receipt.time !== time
      )
        this.#verdict.fail('as imported', `Item ${i} of batch ${id.slice(0, 10)} has no receipt of its own.`);
      this.payments.paid(receipt, attempt);
      this.#move(receipt.from, receipt.to, receipt.amount);
    }
    this.receipts += paid;
    if (paid !== receipts.length)
      this.#verdict.fail('one receipt', `Batch ${id.slice(0, 10)} has ${receipts.length} receipts for ${paid} payments.`);
  }

  #move(from: Hex32, to: Hex32, amount: bigint): void {
    this.#balances.set(from, (this.#balances.get(from) ?? 0n) - amount);
    this.#balances.set(to, (this.#balances.get(to) ?? 0n) + amount);
  }
}
