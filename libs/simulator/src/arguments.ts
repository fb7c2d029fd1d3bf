/** The command line of `npm run sim`. */
import { parseArgs } from 'node:util';
import type { Mutant } from './mutants/mutant.ts';
import { mutants } from './mutants/mutants.ts';
import { type Intensity, intensities } from './world/intensity.ts';

export const usage = `npm run sim -- [options]

Runs the consensus engine in a simulated world of faults, one run per seed, and checks every step.

  --seeds N            seeds to run (default 300; 1 with --seed)
  --seed S             first seed (default 1)
  --validators N       validators (default 4)
  --stakes A,B,…       stakes instead of 1 each
  --blocks B           target height of each run (default 100)
  --intensity KIND     'all faults' (default), 'view changes', 'slow network', 'calm', 'lost disks', or an
                       enumeration whose cases are numbered by the seed: 'crash points' (4 blocks), 'twins' (2 blocks)
  --real-signatures    ed25519 and canonical bytes instead of ideal doubles
  --treasury           the world of executors and ledger instead (--treasury --help)
  --mutants            plant each known bug and print the seed that finds it
  --mutant NAME        plant one of them (with --seed and --trace: shows what it does)
  --threads N          threads to run on (default: one for each core)
  --json               print the summary as JSON and nothing else
  --trace              print every event
  --help

Exit codes: 0 nothing found; 1 a run did not make progress; 64 wrong arguments; 70 a safety rule was broken.
`;

export interface Arguments {
  readonly seeds: number;
  readonly seed: number;
  readonly validators: number;
  readonly stakes: readonly number[] | undefined;
  readonly blocks: number;
  readonly intensity: Intensity;
  readonly realSignatures: boolean;
  readonly mutants: boolean;
  readonly mutant: Mutant | undefined;
  readonly threads: number;
  readonly json: boolean;
  readonly trace: boolean;
  readonly help: boolean;
}

/** @throws Error that says what is wrong. */
export function parseArguments(args: readonly string[], cores: number): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      validators: { type: 'string' },
      stakes: { type: 'string' },
      blocks: { type: 'string' },
      intensity: { type: 'string' },
      'real-signatures': { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string | undefined, fallback: number, max: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isSafeInteger(value) || value < 1 || value > max) throw new Error(`--${name} must be a whole number from 1 to ${max}`);
    return value;
  };
  const mutant = mutants.find((m) => m.name === values.mutant);
  if (values.mutant !== undefined && mutant === undefined)
    throw new Error(`--mutant must be one of: ${mutants.map((m) => m.name).join('; ')}`);
  const kind = values.intensity ?? mutant?.scenario.intensity ?? 'all faults';
  const intensity = intensities.find((i) => i === kind);
  if (intensity === undefined) throw new Error(`--intensity must be one of: ${intensities.join(', ')}`);
  const stakes = values.stakes?.split(',').map((s) => whole('stakes', s, 1, 1_000_000));
  if (stakes !== undefined && values.validators !== undefined && Number(values.validators) !== stakes.length)
    throw new Error('--stakes and --validators name different numbers of validators');
  return {
    seeds: whole('seeds', values.seeds, values.seed === undefined ? 300 : 1, Number.MAX_SAFE_INTEGER),
    seed: whole('seed', values.seed, 1, Number.MAX_SAFE_INTEGER),
    validators: whole('validators', values.validators, stakes?.length ?? mutant?.scenario.validators ?? 4, 200),
    stakes,
    blocks: whole('blocks', values.blocks, mutant?.scenario.blocks ?? 100, 1_000_000),
    intensity,
    realSignatures: values['real-signatures'],
    mutants: values.mutants,
    mutant,
    threads: whole('threads', values.threads, cores, 256),
    json: values.json,
    trace: values.trace,
    help: values.help,
  };
}
