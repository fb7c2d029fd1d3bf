/** What chance decides once for a run. */
import { type BreakerOptions, breakerDefaults } from '@bursar/executor';
import type { Random } from '../world/random.ts';
import type { Person } from './genesis.ts';

/** A process and the shard that it serves. */
export interface Seat {
  readonly key: Person;
  readonly shard: number;
}
/** One alone, standbys under keys of their own, copies under one key, one key on two shards. */
const seatings: readonly (readonly Seat[])[] = [
  [{ key: 'exec0', shard: 0 }],
  [
    { key: 'exec0', shard: 0 },
    { key: 'exec1', shard: 0 },
  ],
  [
    { key: 'exec0', shard: 0 },
    { key: 'exec0', shard: 0 },
  ],
  [
    { key: 'exec0', shard: 0 },
    { key: 'exec0', shard: 0 },
    { key: 'exec1', shard: 0 },
  ],
  [
    { key: 'exec0', shard: 0 },
    { key: 'exec0', shard: 1 },
  ],
  [
    { key: 'exec0', shard: 0 },
    { key: 'exec1', shard: 1 },
    { key: 'exec1', shard: 0 },
  ],
];

export interface Profile {
  readonly seats: readonly Seat[];
  readonly shards: number;
  readonly faultsMs: number;
  readonly faultEveryMs: number;
  /** That a process is killed in a given call. */
  readonly crashChance: number;
  readonly blockMs: number;
  readonly storages: number;
  readonly lagMs: number;
  /** Of a sending: nobody has it; it arrived and no answer came; it was taken and lost; more than once; late. */
  readonly lost: number;
  readonly unanswered: number;
  readonly swallowed: number;
  readonly doubled: number;
  readonly late: number;
  readonly wallSkewMs: number;
  readonly drift: number;
  /** One of the executors' keys is in wrong hands. */
  readonly rogue: boolean;
  /** Shortly before the end of the faults batches are taken by nobody. */
  readonly badEnd: boolean;
  readonly importEveryMs: number;
  readonly settings: {
    readonly leaseMs: number;
    readonly batchItems: number;
    readonly window: number;
    readonly expiryMs: number;
    readonly resendMs: number;
    readonly timeoutMs: number;
    readonly staleMs: number;
    readonly pollMs: number;
    readonly breaker: BreakerOptions;
  };
}
export const HOUR_MS = 3_600_000;

export function drawProfile(random: Random): Profile {
  const seats = random.pick(seatings);
  const bad = random.pick([0, 0.5, 1, 1]);
  return {
    seats,
    shards: Math.max(...seats.map((s) => s.shard)) + 1,
    faultsMs: random.between(50_000, 110_000),
    faultEveryMs: random.pick([2_500, 5_000, 12_000, 40_000]),
    crashChance: random.pick([0, 0.001, 0.004, 0.015]),
    blockMs: random.pick([500, 1_000, 1_000, 2_000]),
    storages: random.pick([1, 2, 2, 3]),
    lagMs: random.pick([20, 300, 2_500]),
    lost: 0.15 * bad * random.unit(),
    unanswered: 0.15 * bad * random.unit(),
    swallowed: 0.15 * bad * random.unit(),
    doubled: 0.3 * bad * random.unit(),
    late: 0.3 * bad * random.unit(),
    wallSkewMs: random.pick([0, HOUR_MS]),
    drift: random.pick([0, 0.001, 0.05]),
    rogue: random.chance(0.4),
    badEnd: random.chance(0.3),
    importEveryMs: random.pick([3_000, 8_000]),
    settings: {
      leaseMs: random.pick([5_000, 10_000]),
      batchItems: random.pick([1, 3, 8]),
      window: random.pick([1, 2, 4]),
      expiryMs: random.pick([3_000, 8_000, 30_000]),
      resendMs: random.pick([500, 2_000]),
      timeoutMs: random.pick([4_000, 10_000]),
      staleMs: 3_000,
      pollMs: 1_000,
      breaker: { ...breakerDefaults, openMs: random.pick([3_000, breakerDefaults.openMs]) },
    },
  };
}
