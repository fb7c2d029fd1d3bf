/** `npm run fuzz`: campaigns and replays (`--help`). */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { divide, fuzzTarget, type Row } from './campaign.ts';
import { episodeOf } from './input.ts';
import { failureText, table } from './report.ts';
import { Runner } from './runner.ts';
import type { Target } from './target.ts';

const FOLDER = join('.tools', 'fuzz');
const HEAP_MIB = 1_024;
const PATIENCE = 6;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** One line on a terminal, written over. */
function progress(targets: readonly Target[]): (target: string, done: number, of: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (target, done, of) => {
    const place = targets.findIndex((t) => t.name === target) + 1;
    process.stderr.write(`\r\x1b[K${place} of ${targets.length}  ${target}  ${done} of ${of} inputs`);
  };
}

/** The inputs that were asked for by number or by their bytes. */
async function repeat(target: Target, { seed, at, bytes, file }: Arguments, runner: Runner): Promise<number> {
  const given = at === undefined ? [file === undefined ? Buffer.from(bytes ?? '', 'hex') : readFileSync(file)] : undefined;
  const from = episodeOf(target, at ?? 0);
  const inputs = given?.map((b) => new Uint8Array(b)) ?? { seed, from, to: (at ?? 0) + 1 };
  const { counts, broken } = await runner.run({ target: target.name, inputs, sampleEvery: 1 });
  print(
    broken ? `${target.name}: ${broken.breach}: ${broken.what}` : `${target.name}: ${counts.accepted} accepted, ${counts.refused} refused`,
  );
  return broken ? 1 : 0;
}

async function campaign(targets: readonly Target[], { inputs, seed, json }: Arguments, runner: Runner): Promise<number> {
  const rows: Row[] = [];
  const counts = divide(targets, inputs);
  const show = progress(targets);
  for (const [i, target] of targets.entries()) {
    const of = counts[i] as number;
    const onProgress = (name: string, done: number): void => show(name, done, of);
    rows.push(await fuzzTarget(target, of, { runner, seed, now: () => performance.now(), onProgress }));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  mkdirSync(FOLDER, { recursive: true });
  const failures = rows.flatMap((r) => (r.failure ? [failureText(r.target, r.failure, FOLDER)] : []));
  if (json) print(JSON.stringify({ inputs: rows.reduce((n, r) => n + r.inputs, 0), targets: rows.length, failures }));
  else for (const text of [table(rows), ...failures]) print(`${text}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
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
  const module = new URL('./targets/index.ts', import.meta.url).href;
  const { targets: all } = (await import(module)) as { targets: readonly Target[] };
  const named = (name: string): readonly Target[] => {
    const exact = all.filter((t) => t.name === name);
    return exact.length > 0 ? exact : all.filter((t) => t.name.startsWith(`${name} `));
  };
  const unknown = given.only.filter((name) => named(name).length === 0);
  if (given.list || unknown.length > 0) {
    if (unknown.length > 0) process.stderr.write(`no target is called ${unknown.join(', ')}. There are:\n`);
    for (const { name } of all) print(name);
    return unknown.length > 0 ? 64 : 0;
  }
  const chosen = given.only.length === 0 ? all : given.only.flatMap(named);
  const runner = new Runner({ module, deadlineMs: given.deadlineMs, patienceMs: given.deadlineMs * PATIENCE, heapMib: HEAP_MIB });
  try {
    const isOne = given.at !== undefined || given.bytes !== undefined || given.file !== undefined;
    return await (isOne ? repeat(chosen[0] as Target, given, runner) : campaign(chosen, given, runner));
  } finally {
    await runner.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
