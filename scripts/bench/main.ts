/** `npm run bench [-- --only NAME]… [--seconds S] [--json FILE]`: figures of this machine, each beside its limit and its peer in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBatching } from './batching.ts';
import { benchCatchUp } from './catch-up.ts';
import type { Context } from './context.ts';
import { benchIdle } from './idle.ts';
import { benchLeader } from './leader.ts';
import { measureLimits } from './limits.ts';
import { benchMemory } from './memory.ts';
import { type BenchNetwork, openBenchNetwork } from './network.ts';
import { benchOutage } from './outage.ts';
import { benchOverload } from './overload.ts';
import { benchPayments } from './payments.ts';
import { benchPeer } from './peer/measure.ts';
import { type Row, table } from './row.ts';
import { benchFinality, benchTransfers } from './transfers.ts';
import { benchWide } from './wide.ts';

/** In the order in which they run: the peer early, so that ours stand beside it. */
const benches: Readonly<Record<string, (c: Context) => Promise<Row[]>>> = {
  limits: async () => measure().rows,
  peer: benchPeer,
  finality: benchFinality,
  transfers: benchTransfers,
  overload: benchOverload,
  payments: benchPayments,
  idle: benchIdle,
  leader: benchLeader,
  outage: benchOutage,
  batching: benchBatching,
  memory: benchMemory,
  wide: benchWide,
  'catch-up': benchCatchUp,
};
const names = Object.keys(benches);
const SECONDS = { default: 30, least: 5, most: 600 };

function readArguments(): { only: readonly string[]; json: string | undefined; seconds: number } {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    const unknown = values.only?.find((n) => !names.includes(n));
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`);
    if (values.help) throw new Error('usage');
    const seconds = Number(values.seconds ?? SECONDS.default);
    if (!Number.isInteger(seconds) || seconds < SECONDS.least || seconds > SECONDS.most)
      throw new Error(`--seconds is a whole number from ${SECONDS.least} to ${SECONDS.most}`);
    return { only: values.only ?? names, json: values.json, seconds };
  } catch (e) {
    const usage = 'npm run bench [-- --only NAME]… [--seconds S] [--json FILE]';
    console.error(`${(e as Error).message}\n${usage}; NAME is one of ${names.join(', ')}; S: measured seconds of a figure of throughput`);
    process.exit(64);
  }
}

const { only, json, seconds } = readArguments();
const started = performance.now();
const say = (text: string): void =>
  void process.stderr.write(`${((performance.now() - started) / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.bursar', 'bench');
mkdirSync(folder, { recursive: true });
const all: Row[] = [];
let measured: ReturnType<typeof measureLimits> | undefined;
const measure = () => {
  if (!measured) say('Measuring the limits of this machine.');
  measured ??= measureLimits(folder);
  return measured;
};
let network: BenchNetwork | undefined;
const context: Context = {
  limits: () => measure().limits,
  tools: join(root, '.tools'),
  folder,
  seconds,
  say,
  async network() {
    if (!network) {
      say('Starting four validators, NATS and an executor.');
      network = await openBenchNetwork(join(folder, 'four'));
    }
    return network;
  },
  async closeNetwork() {
    await network?.close();
    network = undefined;
  },
};
const failed: string[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log(`${table(all)}\n\ninterrupted by ${signal}`); // what was measured so far; the processes end with this one
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
try {
  for (const [name, bench] of Object.entries(benches).filter(([n]) => only.includes(n))) {
    say(`Running ${name}.`);
    try {
      all.push(...(await bench(context)));
    } catch (e) {
      // The figures that there are still count; the exit code says that one is missing.
      failed.push(name);
      say(`${name} failed: ${(e as Error).stack ?? e}`);
      await context.closeNetwork();
    }
  }
} finally {
  await context.closeNetwork();
}
console.log(table(all));
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
if (json !== undefined) {
  const machine = { node: process.version, cores: navigator.hardwareConcurrency, date: new Date().toISOString(), seconds };
  writeFileSync(json, `${JSON.stringify({ ...machine, failed, rows: all }, null, 2)}\n`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
