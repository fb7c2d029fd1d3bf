/** `npm run sim -- --treasury`: campaigns, replays and the table of mutants of the treasury world. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { applyEdits } from '../mutants/apply-edits.ts';
import { type Hunt, huntAll } from '../mutants/hunt.ts';
import { showProgress } from '../progress.ts';
import type { TreasurySummary } from './campaign.ts';
import type { TreasuryMutant } from './mutants/treasury-mutant.ts';
import { treasuryMutants } from './mutants/treasury-mutants.ts';
import { runTreasuryCampaign } from './threads.ts';

const usage = `npm run sim -- --treasury [options]

Runs the executor and the ledger in a simulated world of faults, one run per seed, and checks every step.

  --seeds N            seeds to run (default 300; 1 with --seed)
  --seed S             first seed (default 1)
  --mutants            plant each known bug and print the seed that finds it
  --mutant NAME        plant one of them (with --seed and --trace: shows what it does)
  --threads N          threads to run on (default: one for each core)
  --json               print the summary as JSON and nothing else
  --trace              print every event
  --help

Exit codes: 0 nothing found; 1 a run did not make progress; 64 wrong arguments; 70 a safety rule was broken.
`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .sort(([, a], [, b]) => b - a)
    .map(([what, n]) => `${what} ${n}`)
    .join(', ');

/** @throws Error that says what is wrong. */
function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string | undefined, fallback: number, max = Number.MAX_SAFE_INTEGER): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isSafeInteger(value) || value < 1 || value > max) throw new Error(`--${name} must be a whole number from 1 to ${max}`);
    return value;
  };
  const mutant = treasuryMutants.find((m) => m.name === values.mutant);
  if (values.mutant !== undefined && mutant === undefined)
    throw new Error(`--mutant must be one of: ${treasuryMutants.map((m) => m.name).join('; ')}`);
  return {
    ...values,
    mutant,
    first: whole('seed', values.seed, 1),
    seeds: whole('seeds', values.seeds, values.seed === undefined ? 300 : 1),
    threads: whole('threads', values.threads, availableParallelism(), 256),
  };
}
type Given = ReturnType<typeof parse>;

/** In this thread when every event is to be printed, else in several. */
async function run({ first, seeds, threads, mutant, trace }: Given): Promise<TreasurySummary> {
  if (!trace) return await runTreasuryCampaign({ first, seeds, threads, mutant: mutant?.name, done: showProgress(seeds) });
  applyEdits(mutant?.edits ?? []);
  const { treasuryCampaign } = await import('./campaign.ts');
  return await treasuryCampaign(first, seeds, print);
}

function show(
  { seeds, blocks, payments, batches, sent, epochs, faults, verdicts, healedMs, failure }: TreasurySummary,
  given: Given,
  ms: number,
): void {
  print(`${seeds} seeds in ${(ms / 1000).toFixed(1)} s (${(ms / seeds).toFixed(1)} ms each)`);
  print(`${blocks} blocks, ${payments} payments by ${batches} batches under ${epochs} leases, ${sent} sendings`);
  print(`after the faults all was paid within ${(healedMs / 1000).toFixed(0)} s of ledger time`);
  print(`faults: ${counts(faults)}`);
  print(`verdicts: ${counts(verdicts)}`);
  if (failure === undefined) return;
  print('');
  for (const line of failure.last) print(line);
  print(`\n${failure.violation?.message}`);
  const options = `${given.mutant === undefined ? '' : ` --mutant '${given.mutant.name}'`}${given.trace ? '' : ' --trace'}`;
  print(`Repeat with: npm run sim -- --treasury --seed ${failure.scenario.seed}${options}`);
}

async function runMutants({ json, threads }: Given): Promise<number> {
  const row = ({ name, bug, seed, invariant, seconds }: Hunt): void => {
    const found = seed === undefined ? `NOT FOUND ${invariant ?? ''}` : `seed ${seed}: ${invariant}`;
    print(`${name.padEnd(40)} ${found.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s  ${bug}`);
  };
  const hunt = async ({ name, seeds }: TreasuryMutant) =>
    (await runTreasuryCampaign({ first: 1, seeds, threads: 1, mutant: name })).failure;
  const hunts = await huntAll(treasuryMutants, hunt, threads, json ? () => {} : row);
  if (json) print(JSON.stringify(hunts));
  return hunts.every((h) => h.seed !== undefined) ? 0 : 1;
}

export async function treasuryMain(args: readonly string[]): Promise<number> {
  let given: Given;
  try {
    given = parse(args);
  } catch (e) {
    process.stderr.write(`${e instanceof Error ? e.message : e}\n\n${usage}`);
    return 64;
  }
  if (given.help) {
    print(usage);
    return 0;
  }
  if (given.mutants) return await runMutants(given);
  const started = performance.now();
  const summary = await run(given);
  if (given.json) print(JSON.stringify(summary));
  else show(summary, given, performance.now() - started);
  return summary.failure === undefined ? 0 : summary.failure.violation?.safety === true ? 70 : 1;
}
