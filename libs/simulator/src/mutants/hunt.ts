/** Looks for the seed that shows each planted bug, with fresh campaigns. */

/** A bug as far as the hunt is concerned. */
export interface Planted {
  readonly name: string;
  /** What is wrong with it. */
  readonly bug: string;
  /** A fresh campaign from seed 1 on finds it within so many seeds. */
  readonly seeds: number;
  /** What may show it. */
  readonly breaks: readonly string[];
}
export interface Failure {
  readonly scenario: { readonly seed: number };
  readonly violation: { readonly invariant: string } | undefined;
}
export interface Hunt {
  readonly name: string;
  readonly bug: string;
  /** The first seed that breaks an invariant; undefined when none within the mutant's bound does. */
  readonly seed: number | undefined;
  readonly invariant: string | undefined;
  readonly seconds: number;
}

/** All of them, several at a time; `show` is told each as it ends. @param run a campaign of `mutant.seeds` seeds with the bug in it */
export async function huntAll<M extends Planted>(
  mutants: readonly M[],
  run: (mutant: M) => Promise<Failure | undefined>,
  threads: number,
  show: (hunt: Hunt, mutant: M) => void,
): Promise<readonly Hunt[]> {
  const found = new Map<M, Hunt>();
  // Those that may take longest first.
  const left = [...mutants].sort((a, b) => b.seeds - a.seeds);
  const work = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const started = performance.now();
      const failure = await run(mutant);
      const invariant = failure?.violation?.invariant;
      const isFound = invariant !== undefined && mutant.breaks.includes(invariant);
      const seconds = (performance.now() - started) / 1000;
      const hunt = { name: mutant.name, bug: mutant.bug, seed: isFound ? failure?.scenario.seed : undefined, invariant, seconds };
      found.set(mutant, hunt);
      show(hunt, mutant);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return mutants.flatMap((m) => found.get(m) ?? []);
}
