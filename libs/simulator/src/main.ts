/** `npm run sim`: campaigns, replays and the table of mutants (`--help`). */
import { availableParallelism } from 'node:os';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { command } from './command.ts';
import { applyEdits } from './mutants/apply-edits.ts';
import { type Hunt, huntAll } from './mutants/hunt.ts';
import type { Mutant } from './mutants/mutant.ts';
import { mutants } from './mutants/mutants.ts';
import { showProgress } from './progress.ts';
import type { Summary } from './summary.ts';
import { runCampaign } from './threads.ts';
import { treasuryMain } from './treasury/command-line.ts';
import type { Outcome } from './world/scenario.ts';

const TREASURY = '--treasury';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const table = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([what, n]) => `${what} ${n}`)
    .join(', ');

function showFailure(failure: Outcome, { mutant, trace }: Arguments): void {
  print('');
  for (const line of failure.last) print(line);
  print(`\n${failure.violation?.message}`);
  const options = `${mutant === undefined ? '' : ` --mutant '${mutant.name}'`}${trace ? '' : ' --trace'}`;
  print(`Repeat with: ${command(failure)}${options}`);
}

const exitCode = ({ failure }: Summary): number => (failure === undefined ? 0 : failure.violation?.safety === true ? 70 : 1);

function showSummary(summary: Summary, { validators }: Arguments, ms: number): void {
  const { seeds, blocks, events, fast, slow, viewChanges, accusations, batches } = summary;
  print(`${seeds} seeds with ${validators} validators in ${(ms / 1000).toFixed(1)} s (${(ms / seeds).toFixed(1)} ms each)`);
  print(
    `${blocks} blocks (${fast} on the fast path, ${slow} on the slow one), ${events} events, ${batches} batches, ${viewChanges} ViewChanges sent, ${accusations} pieces of evidence`,
  );
  print(`faults: ${table(summary.faults)}`);
  print(`refused messages: ${table(summary.rejects)}`);
}

async function runMutants({ json, threads }: Arguments): Promise<number> {
  const show = ({ name, bug, seed, invariant, seconds }: Hunt, { scenario: { validators } }: Mutant): void => {
    const found = seed === undefined ? 'NOT FOUND' : `seed ${seed}: ${invariant}`;
    print(`${name.padEnd(36)} n = ${validators}  ${found.padEnd(36)} ${seconds.toFixed(1).padStart(6)} s  ${bug}`);
  };
  const hunt = async ({ name, scenario, seeds }: Mutant) =>
    (await runCampaign({ scenario, first: 1, seeds }, { threads: 1, mutant: name })).failure;
  const hunts = await huntAll(mutants, hunt, threads, json ? () => {} : show);
  if (json) print(JSON.stringify(hunts));
  return hunts.every((h) => h.seed !== undefined) ? 0 : 1;
}

/** In this thread when every event is to be printed, else in several. */
async function run(given: Arguments): Promise<Summary> {
  const { validators, blocks, intensity, stakes, mutant, seed: first, seeds, threads } = given;
  const scenario = {
    ...mutant?.scenario,
    validators,
    blocks,
    intensity,
    ...(stakes === undefined ? {} : { stakes }),
    ...(given.realSignatures ? { signatures: 'ed25519' as const } : {}),
  };
  if (!given.trace) return await runCampaign({ scenario, first, seeds }, { threads, mutant: mutant?.name, done: showProgress(seeds) });
  applyEdits(mutant?.edits ?? []);
  const { campaign } = await import('./campaign.ts');
  return campaign({ ...scenario, print }, first, seeds);
}

async function main(args: readonly string[]): Promise<number> {
  let given: Arguments;
  try {
    given = parseArguments(args, availableParallelism());
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
  if (given.json) {
    print(JSON.stringify(summary));
    return exitCode(summary);
  }
  showSummary(summary, given, performance.now() - started);
  if (summary.failure !== undefined) showFailure(summary.failure, given);
  return exitCode(summary);
}

const given = process.argv.slice(2);
process.exitCode = await (given.includes(TREASURY) ? treasuryMain(given.filter((a) => a !== TREASURY)) : main(given));
