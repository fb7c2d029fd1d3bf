/**
 * Refusals that no block proves. One validator's word is not enough: whoever believed it would sign anew, and the first bytes, kept
 * back by a liar, might be executed as well.
 */
import { decodeTransaction, fromHex } from '@bursar/protocol';
import { type BursarError, errorFrom, reasonOf } from '@bursar/shared-core';
import type { Connection, ValidatorClient } from './connection.ts';
import { decodeResult, LOOK_UP_MS } from './find-transaction.ts';
import type { Signed } from './sign-transaction.ts';

export class Refusals {
  readonly #connection: Connection;
  readonly #tx: Signed;
  /** So many that one of them is honest, with validators of equal stake: f + 1. */
  readonly #enough: number;
  /** Places of the validators by the reason that they gave. */
  readonly #byReason = new Map<string, Set<number>>();

  constructor(connection: Connection, tx: Signed) {
    this.#connection = connection;
    this.#tx = tx;
    this.#enough = Math.floor((connection.validators.length - 1) / 3) + 1;
  }

  /** Notes what validator `place` said. @returns whether it is true whoever lies */
  async stand(error: BursarError, place: number): Promise<boolean> {
    // Also true when these very bytes have used the nonce: the ledgers are asked which.
    if (error.reason === reasonOf('NonceTooLow')) return this.#isSuperseded();
    const places = this.#byReason.get(error.reason) ?? new Set();
    this.#byReason.set(error.reason, places.add(place));
    return places.size >= this.#enough;
  }

  /** The nonce went to another transaction: these bytes can never be executed. */
  async #isSuperseded(): Promise<boolean> {
    const words = await Promise.all(this.#connection.validators.map((v) => this.#ask(v).catch(() => false)));
    return words.filter((w) => w).length >= this.#enough;
  }

  /** True: its ledger has used the nonce up, and not by these bytes. The nonce is read first, so that a block in between misleads nobody. */
  async #ask({ ledger }: ValidatorClient): Promise<boolean> {
    const { signer, nonce } = decodeTransaction(this.#tx.body);
    const { nextNonce } = await ledger.getAccount({ account: fromHex(signer) }, { timeoutMs: LOOK_UP_MS });
    if (nextNonce <= nonce) return false;
    try {
      const { result } = await ledger.getTransaction({ transactionId: fromHex(this.#tx.id) }, { timeoutMs: LOOK_UP_MS });
      return decodeResult(this.#tx.id, result)?.consumed === false;
    } catch (e) {
      if (errorFrom(e).reason === reasonOf('NotFound')) return true;
      throw e;
    }
  }
}
