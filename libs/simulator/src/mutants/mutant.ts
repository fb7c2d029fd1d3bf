import type { Invariant } from '../oracle/violation.ts';
import type { Scenario } from '../world/scenario.ts';

/** One change to the text of a source file: `find` occurs there exactly once. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** A bug planted on purpose into the very code that ships, and the campaign that finds it. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly bug: string;
  readonly edits: readonly Edit[];
  readonly scenario: Omit<Scenario, 'seed' | 'print'>;
  /** A fresh campaign from seed 1 on finds it within so many seeds. */
  readonly seeds: number;
  /** What may show it. */
  readonly breaks: readonly Invariant[];
}
