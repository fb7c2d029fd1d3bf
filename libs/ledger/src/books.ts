import { type Hex32, MAX_AMOUNT } from '@bursar/protocol';
import type { Account } from './entities.ts';
import { BrokenInvariant } from './errors.ts';

/** All accounts. Money is made at genesis and only moved afterwards: every debit has its credit in the same call. */
export class Books {
  readonly #accounts = new Map<Hex32, Account>();
  readonly #newSlot: () => number;
  /** Accounts whose leaf is to be made anew. */
  readonly dirty: Account[] = [];
  /** Sum of all balances, base units. */
  #supply = 0n;
  #debits = 0n;
  #credits = 0n;

  constructor(newSlot: () => number) {
    this.#newSlot = newSlot;
  }

  get supply(): bigint {
    return this.#supply;
  }
  find(id: Hex32): Account | undefined {
    return this.#accounts.get(id);
  }

  /** Finds or creates. */
  open(id: Hex32): Account {
    const known = this.#accounts.get(id);
    if (known) return known;
    const made: Account = { id, balance: 0n, nonce: 0n, slot: this.#newSlot(), dirty: false };
    this.#accounts.set(id, made);
    this.touch(made);
    return made;
  }

  /** Genesis only, which was checked. @throws BrokenInvariant when the supply would exceed 64 bits. */
  mint(id: Hex32, amount: bigint): void {
    if (amount < 0n || this.#supply + amount > MAX_AMOUNT) throw new BrokenInvariant('the supply exceeds 64 bits');
    this.open(id).balance += amount;
    this.#supply += amount;
  }

  /** The caller has checked that `from` has `amount`. @throws BrokenInvariant otherwise. */
  move(from: Account, to: Account, amount: bigint): void {
    if (amount <= 0n || amount > from.balance) throw new BrokenInvariant(`${from.id} cannot pay ${amount} of ${from.balance}`);
    from.balance -= amount;
    this.#debits += amount;
    to.balance += amount;
    this.#credits += amount;
    // Every balance is part of the supply, which fits 64 bits.
    if (to.balance > this.#supply || this.#debits !== this.#credits) throw new BrokenInvariant(`${to.id} holds more than there is`);
    this.touch(from);
    this.touch(to);
  }

  touch(account: Account): void {
    if (account.dirty) return;
    account.dirty = true;
    this.dirty.push(account);
  }

  /** Recounts everything. For tests and audits: its cost grows with the number of accounts. */
  audit(): bigint {
    let sum = 0n;
    for (const a of this.#accounts.values()) sum += a.balance;
    if (sum !== this.#supply) throw new BrokenInvariant(`balances sum to ${sum}, the supply is ${this.#supply}`);
    return sum;
  }
}
