/** A campaign over several threads: seeds are independent, so spans of them are handed out in order. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { emptySummary, merged, type Summary } from './summary.ts';
import type { Scenario } from './world/scenario.ts';

export interface Span {
  readonly scenario: Omit<Scenario, 'seed' | 'print'>;
  readonly first: number;
  readonly seeds: number;
}
export interface ThreadOptions {
  readonly threads: number;
  /** Name of the bug that is planted. */
  readonly mutant?: string | undefined;
  /** Told the number of seeds that are done. */
  readonly done?: (seeds: number) => void;
}

/** Seeds in one span: short enough that the threads end together, long enough that messages cost nothing. */
const SPAN = 20;

/** Nearly all that a run makes is garbage within moments: with more room for it, less is copied. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Ends early at the first span with a violation; of several, the lowest seed is the failure. */
export async function runCampaign({ scenario, first, seeds }: Span, { threads, mutant, done }: ThreadOptions): Promise<Summary> {
  const span = Math.max(1, Math.min(SPAN, Math.ceil(seeds / (4 * threads))));
  let next = 0;
  let total = emptySummary;
  const work = async (): Promise<void> => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { mutant }, resourceLimits });
    try {
      while (next < seeds && total.failure === undefined) {
        const at = next;
        next = Math.min(seeds, next + span);
        thread.postMessage({ scenario, first: first + at, seeds: next - at } satisfies Span);
        const [summary] = (await once(thread, 'message')) as [Summary];
        total = merged(total, summary);
        done?.(total.seeds);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, Math.ceil(seeds / span)) }, work));
  return total;
}
