/** The validators that take transactions. Every sending meets a fate, and what it says of itself need not be true. */
import type { Signed, Submitter } from '@bursar/executor';
import type { Random } from '../world/random.ts';
import type { Chain } from './chain.ts';
import type { Keys } from './genesis.ts';
import { PortFailure } from './port-failure.ts';
import type { Profile } from './profile.ts';
import type { Call } from './reads.ts';
import { admit, type SimTransaction } from './transaction.ts';

const VALIDATORS = 4;
/** How late what is late comes, ms. */
const LATE_MS = [1_500, 6_000, 20_000, 60_000] as const;
const COPIES = [1, 1, 2, 12] as const;

const failures = {
  away: new PortFailure('transport', 'the validator does not answer'),
  broken: new PortFailure('transport', 'the connection broke'),
  busy: new PortFailure('overloaded', 'too much to do'),
  silent: new PortFailure('timeout', 'no answer'),
  known: new PortFailure('rejected', 'it is known', { duplicate: true }),
  forged: new PortFailure('rejected', 'its signature is wrong'),
};

export interface ValidatorsPort {
  readonly random: Random;
  readonly chain: Chain;
  readonly keys: Keys;
  readonly profile: Profile;
  now(): number;
  count(what: string): void;
}

export class Validators {
  readonly #port: ValidatorsPort;
  readonly #awayUntil = new Array<number>(VALIDATORS).fill(0);
  #batchesFrom = 0;
  #isOver = false;

  constructor(port: ValidatorsPort) {
    this.#port = port;
  }
  get size(): number {
    return VALIDATORS;
  }
  away(who: number, until: number): void {
    this.#awayUntil[who] = until;
  }
  /** Leases get through, batches time out: what the breaker is for. */
  refuseBatches(until: number): void {
    this.#batchesFrom = until;
  }
  /** Whoever sends from now on is served. */
  heal(): void {
    this.#isOver = true;
    this.#awayUntil.fill(0);
  }

  /** @param sent told of what leaves the process, before anything becomes of it */
  submitter(call: Call, sent: (transaction: SimTransaction) => void): Submitter {
    return {
      count: VALIDATORS,
      submit: (place: number, { body, signature }: Signed) => {
        const transaction = admit(this.#port.keys, body, signature);
        if (transaction === undefined) return Promise.reject(failures.forged);
        sent(transaction);
        return call('submit', () => this.#take(place, transaction));
      },
    };
  }

  #take(place: number, transaction: SimTransaction): void {
    const { random, chain, profile, now, count } = this.#port;
    if (now() < (this.#awayUntil[place] ?? 0)) throw failures.away;
    if (this.#isOver) {
      if (chain.holds(transaction.id)) throw failures.known;
      chain.put(transaction, now() + 50);
      return;
    }
    if (transaction.tx.action.kind === 'executeBatch' && now() < this.#batchesFrom) throw failures.silent;
    if (random.chance(profile.lost)) {
      count('sending lost');
      throw random.chance(0.3) ? failures.busy : failures.broken;
    }
    if (random.chance(profile.swallowed)) {
      count('taken and lost');
      return;
    }
    const isLate = random.chance(profile.late);
    if (isLate) count('sending late');
    chain.put(transaction, now() + (isLate ? random.pick(LATE_MS) * (0.5 + random.unit()) : 50 + random.below(600)));
    if (random.chance(profile.doubled)) {
      count('sending doubled');
      for (let n = random.pick(COPIES); n > 0; n--) chain.put(transaction, now() + random.below(30_000));
    }
    if (random.chance(profile.unanswered)) {
      count('answer lost');
      throw failures.silent;
    }
    if (random.chance(0.1)) throw failures.known;
  }
}
