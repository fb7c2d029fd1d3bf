/**
 * What moved the balance of each account, in the order of the blocks: kept in memory, made again from the log at each start. A posting
 * takes 16 bytes in columns and 8 in its account's list, so a payment or transfer 48; what it was stands in its block. Nothing here
 * walks through history: a moment of ledger time is found by bisection.
 */
import { type ByteList, type Genesis, type Hex32, isReceipt, peekCode, receiptAt } from '@bursar/protocol';
import type { Entry } from './indexes.ts';
import { kindOf, peekTransfer } from './peek.ts';

export interface Posting {
  readonly height: number;
  /** Place among the results of the block. */
  readonly index: number;
  /** True: the account received; false: it paid. */
  readonly credit: boolean;
  /** Base units, more than zero. */
  readonly amount: bigint;
  /** Of the account, after it. */
  readonly balance: bigint;
}
export interface PostingsPage {
  /** Of the account, before the first of these postings. */
  readonly opening: bigint;
  readonly postings: readonly Posting[];
  /** Place of the first one among all of the account, from 0. */
  readonly first: number;
  /** Whether more follow that were asked for. */
  readonly more: boolean;
}

const PAGE = 65_536;
/** Bit of a place: the account received. */
const CREDIT = 2 ** 31;
interface Columns {
  readonly height: Uint32Array;
  readonly place: Uint32Array;
  readonly balance: BigUint64Array;
}
interface AccountPostings {
  readonly opening: bigint;
  balance: bigint;
  /** Numbers of its postings, ascending. */
  readonly numbers: number[];
}

export class Postings {
  readonly #accounts = new Map<Hex32, AccountPostings>();
  readonly #pages: Columns[] = [];
  #count = 0;
  /** Who paid last. */
  readonly #payerId = Buffer.alloc(32);
  #payer: AccountPostings | undefined;
  /** Ledger time of each block, milliseconds, from height 1. */
  readonly #times: number[] = [];

  constructor(genesis: Pick<Genesis, 'accounts'>) {
    for (const { id, balance } of genesis.accounts) this.#open(id, balance);
  }

  /** Heights come in order, from 1. `results` as the ledger gave them: one of a transaction for each entry, in order, payments between. */
  add(time: number, entries: readonly Pick<Entry, 'transaction'>[], results: ByteList): void {
    const height = this.#times.push(time);
    let next = 0;
    for (let index = 0; index < results.length; index++) {
      const at = results.start(index);
      if (isReceipt(results.packed, at)) {
        this.#pay(height, index, results.packed, at);
        continue;
      }
      const entry = entries[next++]?.transaction;
      if (peekCode(results.at(index)) !== 0 || !entry || kindOf(entry) !== 'transfer') continue;
      const { from, to, amount } = peekTransfer(entry);
      this.#move(height, index, this.#find(from), this.#find(to), amount);
    }
  }

  /** Ledger time of a block that was added, milliseconds. */
  timeOf(height: number): number {
    return this.#times[height - 1] ?? 0;
  }

  /** Where the first posting of an account from that ledger time on stands, or would stand, among all of it. */
  placeFrom(account: Hex32, timeMs: number): number {
    const height = firstIndex(this.#times.length, (i) => (this.#times[i] as number) >= timeMs) + 1;
    const numbers = this.#accounts.get(account)?.numbers ?? [];
    return firstIndex(numbers.length, (i) => this.#height(numbers[i] as number) >= height);
  }

  /** Postings from a place of the account to before another one, at most `limit`; all places of an account that has none are 0. */
  page(account: Hex32, from: number, until: number, limit: number): PostingsPage {
    const { opening, numbers } = this.#accounts.get(account) ?? { opening: 0n, numbers: [] };
    const end = Math.min(until, numbers.length);
    const first = Math.min(from, end);
    const last = Math.min(first + limit, end);
    const before = first === 0 ? opening : this.#balance(numbers[first - 1] as number);
    let balance = before;
    const postings = numbers.slice(first, last).map((n): Posting => {
      const place = (this.#pages[Math.floor(n / PAGE)] as Columns).place[n % PAGE] as number;
      const after = this.#balance(n);
      const credit = place >= CREDIT;
      const amount = credit ? after - balance : balance - after;
      balance = after;
      return { height: this.#height(n), index: credit ? place - CREDIT : place, credit, amount, balance };
    });
    return { opening: before, postings, first, more: last < end };
  }

  #open(id: Hex32, opening: bigint): AccountPostings {
    const made = { opening, balance: opening, numbers: [] };
    this.#accounts.set(id, made);
    return made;
  }

  #find(id: Hex32): AccountPostings {
    return this.#accounts.get(id) ?? this.#open(id, 0n);
  }

  /** The receipt that stands at `at`. Most of a block are paid by one account. */
  #pay(height: number, index: number, receipts: Buffer, at: number): void {
    const from = at + receiptAt.from;
    const to = at + receiptAt.to;
    if (this.#payer === undefined || receipts.compare(this.#payerId, 0, 32, from, from + 32) !== 0) {
      receipts.copy(this.#payerId, 0, from, from + 32);
      this.#payer = this.#find(receipts.toString('hex', from, from + 32));
    }
    this.#move(
      height,
      index,
      this.#payer,
      this.#find(receipts.toString('hex', to, to + 32)),
      receipts.readBigUInt64BE(at + receiptAt.amount),
    );
  }

  /** An account that pays itself has both postings. */
  #move(height: number, index: number, payer: AccountPostings, payee: AccountPostings, amount: bigint): void {
    payer.balance -= amount;
    this.#post(payer, height, index);
    payee.balance += amount;
    this.#post(payee, height, index + CREDIT);
  }
  #post({ numbers, balance }: AccountPostings, height: number, place: number): void {
    const n = this.#count++;
    if (n % PAGE === 0)
      this.#pages.push({ height: new Uint32Array(PAGE), place: new Uint32Array(PAGE), balance: new BigUint64Array(PAGE) });
    const page = this.#pages.at(-1) as Columns;
    page.height[n % PAGE] = height;
    page.place[n % PAGE] = place;
    page.balance[n % PAGE] = balance;
    numbers.push(n);
  }
  #height(n: number): number {
    return (this.#pages[Math.floor(n / PAGE)] as Columns).height[n % PAGE] as number;
  }
  #balance(n: number): bigint {
    return (this.#pages[Math.floor(n / PAGE)] as Columns).balance[n % PAGE] as bigint;
  }
}

/** The first of 0 … count − 1 for which a condition holds that holds for all after it; count when there is none. */
function firstIndex(count: number, holds: (i: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
