/** What a campaign has seen, added up. */
import type { FaultCounts, Outcome } from './world/scenario.ts';

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
  /** The outcome with the lowest seed that broke an invariant: the campaign ended there. */
  readonly failure: Outcome | undefined;
}

export const emptySummary: Summary = {
  seeds: 0,
  blocks: 0,
  events: 0,
  fast: 0,
  slow: 0,
  viewChanges: 0,
  accusations: 0,
  batches: 0,
  faults: {},
  rejects: {},
  failure: undefined,
};

export const summaryOf = (outcome: Outcome): Summary => {
  const { height: blocks, events, fast, slow, viewChanges, accusations, batches, faults, rejects, violation } = outcome;
  return { seeds: 1, blocks, events, fast, slow, viewChanges, accusations, batches, faults, rejects, failure: violation && outcome };
};

export function merged(a: Summary, b: Summary): Summary {
  const first = [a.failure, b.failure].filter((f) => f !== undefined).sort((x, y) => x.scenario.seed - y.scenario.seed)[0];
  return {
    seeds: a.seeds + b.seeds,
    blocks: a.blocks + b.blocks,
    events: a.events + b.events,
    fast: a.fast + b.fast,
    slow: a.slow + b.slow,
    viewChanges: a.viewChanges + b.viewChanges,
    accusations: a.accusations + b.accusations,
    batches: a.batches + b.batches,
    faults: sum(a.faults, b.faults),
    rejects: sum(a.rejects, b.rejects),
    failure: first,
  };
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const out = { ...a };
  for (const [what, n] of Object.entries(b)) out[what] = (out[what] ?? 0) + n;
  return out;
}
