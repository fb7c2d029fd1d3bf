/** Many seeds, one after the other, until one breaks an invariant. */
import { emptySummary, merged, type Summary, summaryOf } from './summary.ts';
import { runScenario } from './world/run.ts';
import type { Scenario } from './world/scenario.ts';

/** Runs `seeds` seeds from `first` on. */
export function campaign(scenario: Omit<Scenario, 'seed'>, first: number, seeds: number): Summary {
  let total = emptySummary;
  for (let i = 0; i < seeds && total.failure === undefined; i++)
    total = merged(total, summaryOf(runScenario({ ...scenario, seed: first + i })));
  return total;
}
