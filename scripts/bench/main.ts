/** `npm run bench [-- --only NAME] [--json FILE]`: figures of this machine, each beside its limit in the same run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureLimits } from './limits.ts';
import { type BenchNetwork, openBenchNetwork } from './network.ts';
import { benchPayments } from './payments.ts';
import { type Row, table } from './row.ts';
import { benchFinality, benchTransfers } from './transfers.ts';

const benches = { finality: benchFinality, transfers: benchTransfers, payments: benchPayments } as const;
const names = ['limits', ...Object.keys(benches)];

function readArguments(): { only: readonly string[]; json: string | undefined } {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string', multiple: true }, json: { type: 'string' }, help: { type: 'boolean' } },
    });
    const unknown = values.only?.find((n) => !names.includes(n));
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`);
    if (values.help) throw new Error('usage');
    return { only: values.only ?? names, json: values.json };
  } catch (e) {
    console.error(`${(e as Error).message}\nnpm run bench [-- --only NAME]… [--json FILE]; NAME is one of ${names.join(', ')}`);
    process.exit(64);
  }
}

const { only, json } = readArguments();
const say = (text: string): void => void process.stderr.write(`${text}\n`);
say('Measuring the limits of this machine.');
const { limits, rows } = measureLimits(join(import.meta.dirname, '..', '..', '.bursar'));
const all: Row[] = [...rows];
const wanted = Object.entries(benches).filter(([name]) => only.includes(name));
let network: BenchNetwork | undefined;
try {
  if (wanted.length > 0) {
    say('Starting four validators, NATS and an executor.');
    network = await openBenchNetwork();
    for (const [name, bench] of wanted) {
      say(`Running ${name}.`);
      all.push(...(await bench(network, limits)));
    }
  }
} finally {
  await network?.close();
}
console.log(table(all));
if (json !== undefined)
  writeFileSync(json, `${JSON.stringify({ node: process.version, cores: navigator.hardwareConcurrency, rows: all }, null, 2)}\n`);
