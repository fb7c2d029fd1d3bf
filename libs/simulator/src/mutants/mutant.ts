import type { Sabotage } from '../world/scenario.ts';

/** A bug planted on purpose, and where to look for it. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly bug: string;
  readonly sabotage: Sabotage;
  readonly validators: number;
  readonly stakes?: readonly number[];
  readonly blocks: number;
  /** A seed that showed the bug: tried first, as most engine changes leave it one. */
  readonly hint: number;
  readonly intensity: 'all faults' | 'view changes';
}
