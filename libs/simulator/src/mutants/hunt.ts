/** Looks for the seed that shows each planted bug, with fresh campaigns. */
import { runCampaign } from '../threads.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';

export interface Hunt {
  readonly name: string;
  readonly bug: string;
  readonly validators: number;
  /** The first seed that breaks an invariant; undefined when none within the mutant's bound does. */
  readonly seed: number | undefined;
  readonly invariant: string | undefined;
  readonly seconds: number;
}

async function hunt({ name, bug, scenario, seeds, breaks }: Mutant): Promise<Hunt> {
  const started = performance.now();
  const { failure } = await runCampaign({ scenario, first: 1, seeds }, { threads: 1, mutant: name });
  const invariant = failure?.violation?.invariant;
  const isFound = breaks.some((b) => b === invariant);
  const seconds = (performance.now() - started) / 1000;
  return { name, bug, validators: scenario.validators, seed: isFound ? failure?.scenario.seed : undefined, invariant, seconds };
}

/** All of them, several at a time; `show` is told each as it ends. */
export async function huntAll(threads: number, show: (hunt: Hunt) => void): Promise<readonly Hunt[]> {
  const found = new Map<string, Hunt>();
  // Those that may take longest first.
  const left = [...mutants].sort((a, b) => b.seeds - a.seeds);
  const work = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const ended = await hunt(mutant);
      found.set(ended.name, ended);
      show(ended);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return mutants.flatMap((m) => found.get(m.name) ?? []);
}
