/** A campaign of the consensus world over several threads. */
import { type Seeds, spread } from './spread.ts';
import { emptySummary, merged, type Summary } from './summary.ts';
import type { Scenario } from './world/scenario.ts';

export interface Span extends Seeds {
  readonly scenario: Omit<Scenario, 'seed' | 'print'>;
}
export interface ThreadOptions {
  readonly threads: number;
  /** Name of the bug that is planted. */
  readonly mutant?: string | undefined;
  /** Told the number of seeds that are done. */
  readonly done?: (seeds: number) => void;
}

/** Ends early at the first span with a violation; of several, the lowest seed is the failure. */
export const runCampaign = (message: Span, { threads, mutant, done }: ThreadOptions): Promise<Summary> =>
  spread({
    worker: new URL('./worker.ts', import.meta.url),
    message,
    threads,
    mutant,
    empty: emptySummary,
    merged,
    isOver: (sum) => sum.failure !== undefined,
    done: (sum) => done?.(sum.seeds),
  });
