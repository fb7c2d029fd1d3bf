/** A campaign of the treasury world over several threads. */
import { spread } from '../spread.ts';
import { emptyTreasury, mergedTreasury, type TreasurySummary } from './campaign.ts';

export interface TreasuryThreads {
  readonly first: number;
  readonly seeds: number;
  readonly threads: number;
  /** Name of the bug that is planted. */
  readonly mutant?: string | undefined;
  /** Told the number of seeds that are done. */
  readonly done?: (seeds: number) => void;
}

/** Ends early at the first span with a violation; of several, the lowest seed is the failure. */
export const runTreasuryCampaign = ({ first, seeds, threads, mutant, done }: TreasuryThreads): Promise<TreasurySummary> =>
  spread({
    worker: new URL('./worker.ts', import.meta.url),
    message: { first, seeds },
    threads,
    mutant,
    empty: emptyTreasury,
    merged: mergedTreasury,
    isOver: (sum) => sum.failure !== undefined,
    done: (sum) => done?.(sum.seeds),
  });
