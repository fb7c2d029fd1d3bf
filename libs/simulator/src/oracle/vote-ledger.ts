/**
 * All votes that were sent, by everyone, seen from above. A block is *decided* as soon as votes exist from which somebody could
 * make its final certificate. Faulty validators are counted as voting for everything: they can still sign what is missing at
 * any later time, so two blocks that are decided in this sense are a fork that has only not been shown yet.
 *
 * Prepares of one view for one digest decide too, from the stake `fast` on (the fast certificate).
 */
import type { Vote } from '@bursar/protocol';
import type { Quorum } from './quorum-table.ts';
import { Violation } from './violation.ts';

interface Decision {
  readonly digest: string;
  readonly how: string;
}

export class VoteLedger {
  readonly #stakes: readonly number[];
  readonly #quorum: Quorum;
  readonly #faulty: ReadonlySet<number>;
  readonly #faultyStake: number;
  readonly #fast: number;
  /** height/view/phase → digest → voters. */
  readonly #votes = new Map<string, Map<string, Set<number>>>();
  readonly #decided = new Map<number, Decision>();

  constructor(stakes: readonly number[], quorum: Quorum, faulty: ReadonlySet<number>, fast: number) {
    this.#stakes = stakes;
    this.#quorum = quorum;
    this.#faulty = faulty;
    this.#faultyStake = [...faulty].reduce((sum, i) => sum + (stakes[i] ?? 0), 0);
    this.#fast = fast;
  }
  /** @throws Violation */
  add(validator: number, vote: Vote): void {
    if ((vote.phase !== 'prepare' && vote.phase !== 'commit') || this.#faulty.has(validator)) return;
    const key = `${vote.height}/${vote.view}/${vote.phase}`;
    const digests = this.#votes.get(key) ?? new Map<string, Set<number>>();
    const voters = digests.get(vote.digest) ?? new Set<number>();
    if (voters.has(validator)) return;
    this.#votes.set(key, digests.set(vote.digest, voters.add(validator)));
    const stake = this.#stake(voters);
    if (vote.phase === 'commit') {
      if (stake >= this.#quorum.quorum) this.decide(vote.height, vote.digest, `Commits of view ${vote.view}`);
      return;
    }
    if (stake >= this.#quorum.quorum) this.#onePrepared(key, digests);
    if (stake >= this.#fast) this.decide(vote.height, vote.digest, `Prepares of view ${vote.view}`);
  }
  /** @throws Violation when another block is decided at this height. */
  decide(height: number, digest: string, how: string): void {
    const known = this.#decided.get(height);
    if (known === undefined) this.#decided.set(height, { digest, how });
    else if (known.digest !== digest)
      throw new Violation('agreement', `Height ${height}: ${known.digest.slice(0, 12)} by ${known.how}, ${digest.slice(0, 12)} by ${how}.`);
  }
  decided(height: number): string | undefined {
    return this.#decided.get(height)?.digest;
  }
  /** Of the honest voters, and of everyone who is faulty. */
  #stake(voters: ReadonlySet<number>): number {
    let sum = this.#faultyStake;
    for (const v of voters) sum += this.#stakes[v] ?? 0;
    return sum;
  }
  #onePrepared(key: string, digests: ReadonlyMap<string, ReadonlySet<number>>): void {
    const prepared = [...digests].filter(([, voters]) => this.#stake(voters) >= this.#quorum.quorum);
    if (prepared.length > 1)
      throw new Violation('one prepared digest', `${key}: ${prepared.map(([d]) => d.slice(0, 12)).join(' and ')} have a quorum.`);
  }
}
