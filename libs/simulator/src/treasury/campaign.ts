/** Many seeds of the treasury world, one after the other, until one breaks an invariant; and what they have seen, added up. */
import type { FaultCounts } from '../world/scenario.ts';
import { runTreasury } from './run.ts';
import type { TreasuryOutcome } from './scenario.ts';

export interface TreasurySummary {
  readonly seeds: number;
  readonly blocks: number;
  readonly payments: number;
  readonly batches: number;
  readonly sent: number;
  readonly epochs: number;
  readonly faults: FaultCounts;
  readonly verdicts: FaultCounts;
  /** The longest that a run took after its faults, ledger ms. */
  readonly healedMs: number;
  /** The outcome with the lowest seed that broke an invariant: the campaign ended there. */
  readonly failure: TreasuryOutcome | undefined;
}

export const emptyTreasury: TreasurySummary = {
  seeds: 0,
  blocks: 0,
  payments: 0,
  batches: 0,
  sent: 0,
  epochs: 0,
  faults: {},
  verdicts: {},
  healedMs: 0,
  failure: undefined,
};

export function mergedTreasury(a: TreasurySummary, b: TreasurySummary): TreasurySummary {
  const [failure] = [a.failure, b.failure].filter((f) => f !== undefined).sort((x, y) => x.scenario.seed - y.scenario.seed);
  return {
    seeds: a.seeds + b.seeds,
    blocks: a.blocks + b.blocks,
    payments: a.payments + b.payments,
    batches: a.batches + b.batches,
    sent: a.sent + b.sent,
    epochs: a.epochs + b.epochs,
    faults: sum(a.faults, b.faults),
    verdicts: sum(a.verdicts, b.verdicts),
    healedMs: Math.max(a.healedMs, b.healedMs),
    failure,
  };
}

function sum(a: FaultCounts, b: FaultCounts): FaultCounts {
  const out = { ...a };
  for (const [what, n] of Object.entries(b)) out[what] = (out[what] ?? 0) + n;
  return out;
}

/** Runs `seeds` seeds from `first` on. @param print given each event as it happens */
export async function treasuryCampaign(first: number, seeds: number, print?: (line: string) => void): Promise<TreasurySummary> {
  let total = emptyTreasury;
  for (let i = 0; i < seeds && total.failure === undefined; i++) {
    const outcome = await runTreasury({ seed: first + i, ...(print && { print }) });
    total = mergedTreasury(total, { ...outcome, seeds: 1, failure: outcome.violation && outcome });
  }
  return total;
}
