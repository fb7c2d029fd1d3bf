/** What a run is like: drawn from its seed before it starts, so that seeds differ in kind and not only in luck. */
import { type ActorName, actorNames } from '../byzantine/actors.ts';
import { quorumOf } from '../oracle/quorum-table.ts';
import { VIEW_TIMEOUT_MS } from './chain.ts';
import type { Intensity } from './intensity.ts';
import type { NetworkShape } from './network.ts';
import type { AdversaryTaste } from './phase-adversary.ts';
import type { Random } from './random.ts';

export interface Profile {
  readonly shape: NetworkShape;
  /** Mean time between two faults of the environment, milliseconds. */
  readonly faultEveryMs: number;
  /** Chance of a crash at each call that a driver makes. */
  readonly crashChance: number;
  readonly skewMs: number;
  readonly drift: number;
  /** Mean time between two batches, milliseconds. */
  readonly batchEveryMs: number;
  readonly syncMs: number;
  /** For each validator, how much longer its storage takes. */
  readonly storageLagMs: readonly number[];
  readonly actors: ReadonlyMap<number, ActorName>;
  /** An honest validator that loses storage and consensus log from time to time, not the record of its signer. */
  readonly careless: number | undefined;
  readonly adversary: AdversaryTaste;
  /** Faults end here at the latest, milliseconds after the start. */
  readonly faultsEndMs: number;
  readonly resendMs: number;
}

export function drawProfile(random: Random, stakes: readonly number[], intensity: Intensity): Profile {
  // A crash that is planned is the only fault.
  const calm = intensity === 'calm' || intensity === 'crash points';
  const attack = intensity === 'view changes';
  const slow = intensity === 'slow network';
  // Where its log is lost it keeps silent, so it counts among the faulty.
  const careless = intensity === 'lost disks' ? random.below(stakes.length) : undefined;
  const actors = calm || slow ? new Map<number, ActorName>() : drawActors(random, stakes, attack, careless);
  // A view of the base length is over before a proposal and a round of votes have come across a slow network.
  const latencyMs = slow ? VIEW_TIMEOUT_MS * random.pick([0.6, 0.9, 1.5]) : random.pick([0.5, 2, 5, 10, 25]);
  // Calm is in time: what delays differ by is small beside one hop, so that three hops never come before two.
  const quickest = random.below(stakes.length);
  const inTime = calm ? { latencyMs: Math.max(2, latencyMs), jitterMs: latencyMs / 50 } : {};
  return {
    shape: {
      latencyMs,
      jitterMs: latencyMs * (attack ? 2 : slow ? 0.1 : random.pick([0.1, 0.5, 2])),
      dropped: calm || attack || slow ? 0 : random.pick([0, 0.01, 0.05, 0.15]),
      doubled: calm ? 0 : random.pick([0, 0.02, 0.1]),
      late: calm || attack || slow ? 0 : random.pick([0, 0.02, 0.1]),
      lateMs: random.pick([50, 400, 3000]),
      ...inTime,
    },
    faultEveryMs: calm || attack || slow ? 0 : random.pick([150, 500, 1500]),
    crashChance: calm || slow ? 0 : random.pick(attack ? [0, 0, 0.002] : [0, 0.0003, 0.002]),
    skewMs: calm ? 0 : random.pick([0, 20, 1500]),
    drift: calm ? 0 : random.pick([0, 1e-4, 1e-3]),
    batchEveryMs: random.pick(attack ? [15, 60, 250] : [60, 150, 300]),
    syncMs: calm ? latencyMs / 25 : random.pick([0.2, 1, 4]),
    // One storage is done a hop before the others: its validator speaks of the next height before theirs is open.
    storageLagMs: stakes.map((_, i) => (calm && i !== quickest ? 2 * Math.max(2, latencyMs) : 0)),
    actors,
    careless,
    adversary: {
      share: calm || slow ? 0 : attack ? 0.9 : random.pick([0, 0.03, 0.1]),
      maxViews: attack ? random.between(2, 4) : 2,
      viewTimeoutMs: VIEW_TIMEOUT_MS,
      quorum: stakes.length - Math.floor((stakes.length - 1) / 3),
      faulty: new Set(actors.keys()),
    },
    faultsEndMs: random.between(20, 60) * (attack ? 3 : 1) * 1000,
    resendMs: attack ? 1500 : random.pick([400, 800]),
  };
}

/** Those that can make a fork under a broken rule: most of the others only cost time. */
const forkers: readonly ActorName[] = ['everything', 'everything', 'lying new leader', 'lying view-changer', 'equivocating leader'];

/** Faulty validators of at most the stake that may be faulty. */
function drawActors(
  random: Random,
  stakes: readonly number[],
  attack: boolean,
  careless: number | undefined,
): ReadonlyMap<number, ActorName> {
  const actors = new Map<number, ActorName>();
  let left = quorumOf(stakes).faulty - (careless === undefined ? 0 : (stakes[careless] ?? 0));
  for (const i of random.shuffled([...stakes.keys()])) {
    const stake = stakes[i] ?? 0;
    if (i === careless || stake > left || !random.chance(attack ? 0.95 : 0.7)) continue;
    left -= stake;
    actors.set(i, random.pick(attack ? forkers : actorNames));
  }
  return actors;
}
