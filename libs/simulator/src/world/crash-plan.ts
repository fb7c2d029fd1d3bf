/**
 * One crash at one place. The cases are numbered, and the number takes the place of the seed: for each call that the honest validators'
 * drivers make in a fixed run, and for each state in which the disk may be left, one.
 */
import type { CrashPoint } from './cell.ts';
import { type Tail, tails } from './disk.ts';

export class PlannedCrash {
  readonly #at: number;
  readonly #tail: Tail;
  #calls = 0;

  /** @param number from 1; one beyond the last case crashes nothing */
  constructor(number: number) {
    this.#at = Math.floor((number - 1) / tails.length);
    this.#tail = tails[(number - 1) % tails.length] as Tail;
  }
  /** How long the process stays down, milliseconds: a moment, or longer than a view. */
  get downMs(): number {
    return this.#at % 2 === 0 ? 2 : 1_700;
  }
  strikes(_: CrashPoint): Tail | undefined {
    return this.#calls++ === this.#at ? this.#tail : undefined;
  }
}
