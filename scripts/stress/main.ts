/** `npm run stress`: load on a network with faults and liars, then an audit. Exit code 0: the bar was reached and the books are right. */
import { writeFileSync } from 'node:fs';
import { Presets, SingleBar } from 'cli-progress';
import { exitCodeOf, explain } from '../../apps/bursar/src/errors.ts';
import { errorFrom } from '../../libs/shared-core/src/index.ts';
import { startMeter } from '../bench/cpu.ts';
import { audit } from './audit.ts';
import { peakMemory, scrape } from './gauges.ts';
import { prepareLoad } from './load.ts';
import { faultsOf, lastWords, openStressNetwork, type StressNetwork } from './network.ts';
import { type Report, reportOf, textOf } from './report.ts';
import { readSettings, type Settings, USAGE } from './settings.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const scrapeAll = (ports: readonly number[]) => Promise.all(ports.map(scrape));

async function stress(settings: Settings, network: StressNetwork): Promise<Report> {
  const { proxies, admin } = network;
  say('Funding accounts and signing transfers.');
  const load = await prepareLoad(network, settings);
  try {
    const before = await scrapeAll(admin.honest);
    proxies.set(faultsOf(settings));
    say('Offering them.');
    const bar = new SingleBar(
      { format: '  [{bar}] {value}/{total} final, {eta} s', stream: process.stderr, fps: 4 },
      Presets.shades_classic,
    );
    if (process.stderr.isTTY) bar.start(load.total, 0);
    const meter = startMeter(network.pids());
    const ran = await load.run((done) => void bar.update(done)).finally(() => bar.stop());
    const cores = Object.fromEntries(
      [...meter.read()].map(([kind, us]) => [kind, Number((us / 1e6 / (settings.warmUpSeconds + ran.seconds)).toFixed(2))]),
    );
    network.check();
    const [after, byzantine] = await Promise.all([scrapeAll(admin.honest), scrapeAll(admin.byzantine)]);
    const counters = await proxies.counters();
    proxies.set([]); // the books are compared when everybody can hear
    say('Comparing the books.');
    const books = await audit(network, ran.outcomes);
    return reportOf(settings, {
      ...ran,
      before,
      after,
      byzantine,
      peakMiB: peakMemory(network.pids()),
      cores,
      counters,
      audit: books,
    });
  } finally {
    load.close();
  }
}

async function run(settings: Settings): Promise<number> {
  say(`Starting ${settings.validators} validators, ${settings.byzantine} of them Byzantine.`);
  const network = await openStressNetwork(settings);
  const onExit = () => network.abandon();
  process.once('exit', onExit);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  try {
    const report = await stress(settings, network);
    console.log(textOf(report));
    if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(report, null, 2)}\n`);
    if (report.audit.problems.length > 0) say(lastWords(network).join('\n'));
    return report.missed.length === 0 ? 0 : 1;
  } finally {
    await network.close();
    process.off('exit', onExit);
  }
}

const settings = readSettings(process.argv.slice(2));
if (typeof settings === 'string') {
  say(`${settings}\n${USAGE}`);
  process.exit(64);
}
try {
  process.exitCode = await run(settings);
} catch (e) {
  say(explain(e));
  process.exitCode = exitCodeOf(errorFrom(e));
}
