/** Whom a campaign kills, in which order: a function of the seed and nothing else. */
import { NATS } from '../../apps/bursar/src/devnet/nats-server.ts';
import { executorName, serviceName } from '../../apps/bursar/src/devnet/services.ts';
import { Random } from '../../libs/simulator/src/world/random.ts';

export interface Strike {
  /** Pause before it. */
  readonly afterMs: number;
  /** Processes that die together; of one validator at most, since one is all that four can bear (f = 1). */
  readonly names: readonly string[];
  /** Before they are started again. */
  readonly downMs: number;
  /** Killed once more so long after its start, while it recovers. */
  readonly againMs?: number;
  /** True: frozen (SIGSTOP, SIGCONT) instead of killed; it is not counted as a kill. */
  readonly isFreeze?: true;
}
export interface Plan {
  readonly validators: number;
  readonly executors: number;
  readonly leaseMs: number;
}

/** Strikes with so many kills in all: the last is as large as is left. */
export function schedule(kills: number, seed: number, plan: Plan): Strike[] {
  const random = new Random(seed);
  const strikes: Strike[] = [];
  for (let left = kills; left > 0; ) {
    const strike = draw(random, plan, left);
    strikes.push(strike);
    if (!strike.isFreeze) left -= killsOf(strike);
  }
  return strikes;
}
export const killsOf = ({ names, againMs, isFreeze }: Strike): number => (isFreeze ? 0 : names.length * (againMs === undefined ? 1 : 2));

const SERVICES = ['consensus', 'consensus', 'storage', 'storage', 'crypto-signing', 'validator-set'] as const;
const CELL = ['consensus', 'storage', 'crypto-signing', 'validator-set'] as const;

function draw(random: Random, { validators, executors, leaseMs }: Plan, left: number): Strike {
  const afterMs = random.between(100, 900);
  const executor = executorName(random.below(executors));
  const validator = random.below(validators);
  if (random.chance(0.08)) return { afterMs, names: [executor], downMs: leaseMs + random.between(200, 1_000), isFreeze: true };
  const service = () => serviceName(validator, random.pick(SERVICES));
  const [names] = [
    random.pick<() => string[]>([
      () => [service()],
      () => [service()],
      () => [executor],
      () => [executor, service()],
      () => Array.from({ length: executors }, (_, i) => executorName(i)),
      () => [NATS],
      () => [NATS, executor],
      () => CELL.map((c) => serviceName(validator, c)),
    ])(),
  ];
  const fit = names.slice(0, left);
  const again = random.chance(0.2) && fit.length * 2 <= left && !fit.includes(NATS);
  return {
    afterMs,
    names: fit,
    downMs: random.pick([0, random.between(100, 1_500)]),
    ...(again ? { againMs: random.between(100, 900) } : {}),
  };
}
