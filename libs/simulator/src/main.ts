/** `npm run sim`: campaigns, replays and the table of mutants (`--help`). */
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { campaign, command, hunt, type Summary } from './campaign.ts';
import { mutants } from './mutants/mutants.ts';
import type { Outcome } from './world/scenario.ts';

/** Seeds that a mutant may survive before it counts as not found. */
const HUNT_SEEDS = 4000;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const table = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([what, n]) => `${what} ${n}`)
    .join(', ');

function showProgress(all: number): (n: number) => void {
  if (!process.stderr.isTTY) return () => {};
  const started = performance.now();
  return (n) => {
    const left = ((performance.now() - started) / n) * (all - n);
    process.stderr.write(`\r${n} of ${all} seeds, ${Math.ceil(left / 1000)} s left  ${n === all ? '\n' : ''}`);
  };
}

function showFailure(failure: Outcome, { mutant }: Arguments): void {
  print('');
  for (const line of failure.last) print(line);
  print(`\n${failure.violation?.message}`);
  const options = `${mutant === undefined ? '' : ` --mutant '${mutant.name}'`}${failure.scenario.print ? '' : ' --trace'}`;
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

function runMutants(): number {
  let missed = 0;
  for (const mutant of mutants) {
    const started = performance.now();
    const { failure, seeds } = hunt(mutant, HUNT_SEEDS);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const found = failure === undefined ? `NOT FOUND in ${seeds} seeds` : `seed ${failure.scenario.seed}: ${failure.violation?.invariant}`;
    if (failure === undefined) missed++;
    print(`${mutant.name.padEnd(30)} n = ${mutant.validators}  ${found.padEnd(36)} ${seconds.padStart(6)} s  ${mutant.bug}`);
  }
  return missed === 0 ? 0 : 1;
}

function main(args: readonly string[]): number {
  let given: Arguments;
  try {
    given = parseArguments(args);
  } catch (e) {
    process.stderr.write(`${e instanceof Error ? e.message : e}\n\n${usage}`);
    return 64;
  }
  if (given.help) {
    print(usage);
    return 0;
  }
  if (given.mutants) return runMutants();
  const { validators, blocks, intensity, stakes } = given;
  const started = performance.now();
  const summary = campaign(
    {
      validators,
      blocks,
      intensity,
      ...(stakes === undefined ? {} : { stakes }),
      ...(given.realSignatures ? { signatures: 'ed25519' } : {}),
      ...(given.mutant === undefined ? {} : { sabotage: given.mutant.sabotage }),
      ...(given.trace ? { print } : {}),
    },
    given.seed,
    given.seeds,
    showProgress(given.seeds),
  );
  if (given.json) {
    print(JSON.stringify(summary));
    return exitCode(summary);
  }
  showSummary(summary, given, performance.now() - started);
  if (summary.failure !== undefined) showFailure(summary.failure, given);
  return exitCode(summary);
}

process.exitCode = main(process.argv.slice(2));
