/** Who was heard lately, and whether with us they are a quorum (C11, C13). */
import { isQuorum, stakeOf, type ValidatorSet } from '@bursar/membership';

const LATELY_MS = 10_000;

export class Heard {
  readonly #set: ValidatorSet;
  readonly #self: number;
  readonly #lastMs: (number | undefined)[];
  readonly #startMs: number;
  #quorumMs: number;

  constructor(set: ValidatorSet, self: number, nowMs: number) {
    this.#set = set;
    this.#self = self;
    this.#lastMs = set.validators.map(() => undefined);
    this.#startMs = nowMs;
    this.#quorumMs = nowMs;
  }
  note(validator: number, nowMs: number): void {
    if (validator < this.#lastMs.length) this.#lastMs[validator] = nowMs;
  }
  /** Indexes, this one included. */
  lately(nowMs: number): number[] {
    return this.#lastMs.flatMap((at, i) => (i === this.#self || (at !== undefined && nowMs - at <= LATELY_MS) ? [i] : []));
  }
  /** Too early to miss anybody. */
  isStarting(nowMs: number): boolean {
    return nowMs - this.#startMs < LATELY_MS;
  }
  /** How long there has been no quorum; 0 while there is one. Call it regularly. */
  withoutQuorumMs(nowMs: number): number {
    if (isQuorum(this.#set, stakeOf(this.#set, this.lately(nowMs)))) this.#quorumMs = nowMs;
    return nowMs - this.#quorumMs;
  }
}
