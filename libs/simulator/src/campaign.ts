/** Many seeds, one after the other, until one breaks an invariant. */
import type { Mutant } from './mutants/mutant.ts';
import { runScenario } from './world/run.ts';
import type { FaultCounts, Outcome, Scenario } from './world/scenario.ts';

export interface Summary {
  readonly seeds: number;
  readonly blocks: number;
  readonly events: number;
  /** Blocks by the path on which they were final first. */
  readonly fast: number;
  readonly slow: number;
  readonly viewChanges: number;
  /** Evidence that honest validators found. */
  readonly accusations: number;
  readonly batches: number;
  readonly faults: FaultCounts;
  readonly rejects: Readonly<Record<string, number>>;
  /** The first outcome that broke an invariant: the campaign ended there. */
  readonly failure: Outcome | undefined;
}

/**
 * Runs `seeds` seeds from `first` on.
 *
 * @param done is told the number of seeds that are done after each.
 */
export function campaign(scenario: Omit<Scenario, 'seed'>, first: number, seeds: number, done?: (n: number) => void): Summary {
  const faults: FaultCounts = {};
  const rejects: Record<string, number> = {};
  let blocks = 0;
  let events = 0;
  let fast = 0;
  let slow = 0;
  let viewChanges = 0;
  let accusations = 0;
  let batches = 0;
  for (let i = 0; i < seeds; i++) {
    const outcome = runScenario({ ...scenario, seed: first + i });
    add(faults, outcome.faults);
    add(rejects, outcome.rejects);
    blocks += outcome.height;
    events += outcome.events;
    fast += outcome.fast;
    slow += outcome.slow;
    viewChanges += outcome.viewChanges;
    accusations += outcome.accusations;
    batches += outcome.batches;
    done?.(i + 1);
    if (outcome.violation !== undefined)
      return { seeds: i + 1, blocks, events, fast, slow, viewChanges, accusations, batches, faults, rejects, failure: outcome };
  }
  return { seeds, blocks, events, fast, slow, viewChanges, accusations, batches, faults, rejects, failure: undefined };
}

function add(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [what, n] of Object.entries(from)) to[what] = (to[what] ?? 0) + n;
}

/** Looks for a seed that shows a mutant's bug: the hint, then `seeds` seeds from 1 on. */
export function hunt(mutant: Mutant, seeds: number): Summary {
  const { sabotage, validators, stakes, blocks, intensity, hint } = mutant;
  const scenario = { sabotage, validators, blocks, intensity, ...(stakes === undefined ? {} : { stakes }) };
  const first = campaign(scenario, hint, 1);
  return first.failure === undefined ? campaign(scenario, 1, seeds) : first;
}

/** The command that repeats an outcome. */
export function command({ scenario }: Outcome): string {
  const { validators, seed, blocks, intensity, signatures, stakes } = scenario;
  return [
    `npm run sim -- --validators ${validators} --seed ${seed} --blocks ${blocks}`,
    stakes === undefined ? '' : ` --stakes ${stakes.join(',')}`,
    intensity === undefined || intensity === 'all faults' ? '' : ` --intensity '${intensity}'`,
    signatures === 'ed25519' ? ' --real-signatures' : '',
  ].join('');
}
