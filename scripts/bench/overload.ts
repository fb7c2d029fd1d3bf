/** Twice the sustainable offer: what still becomes final, what is refused and how, and what it costs in memory (C6). */
import type { Context } from './context.ts';
import { metricsOf, sample } from './costs.ts';
import { rssOf } from './cpu.ts';
import { openLanes, runLoad } from './load.ts';
import type { BenchNetwork } from './network.ts';
import { type Row, shareOf } from './row.ts';
import { openFunded } from './workload.ts';

const ACCOUNTS = 256;
const GROUP = 50;
/** Until everything that can wait is full: what is measured goes on like that for ever. */
const WARM_S = 15;
const SAMPLE_MS = 500;
/** When our best was not measured in this run. */
const ASSUMED_BEST = 4_000;
const PEAK_SHARE = 90;

export async function benchOverload(context: Context): Promise<Row[]> {
  const { say } = context;
  const best = context.best ?? ASSUMED_BEST;
  const rate = 2 * Math.round(best);
  const { seconds } = context;
  const network = await context.network();
  const { connection } = network.session;
  // What is refused is sent again: what can become final has to be there, and some more that waits.
  const each = Math.ceil((rate * (seconds + WARM_S)) / ACCOUNTS);
  say(`Signing ${(each * ACCOUNTS).toLocaleString('en-US')} transfers.`);
  const { work } = await openFunded(network, 'overload', ACCOUNTS, each);
  say(`Offering ${rate.toLocaleString('en-US')} a second.`);
  const storage = network.net.network.validators[0]?.storage;
  const executed: Executed[] = [];
  const memory = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    // One page of metrics: to ask for the nonces of all accounts would be a load of its own.
    const count = sample(await metricsOf(storage?.admin ?? 0), 'storage_transactions_total', 'outcome="done"');
    executed.push({ atMs: performance.now(), count });
    for (const [kind, bytes] of largest(network)) memory.set(kind, Math.max(memory.get(kind) ?? 0, bytes));
  };
  let looking: Promise<void> = Promise.resolve();
  const figures = await runLoad({
    lanes: openLanes(connection, work),
    group: GROUP,
    rate,
    warmSeconds: WARM_S,
    seconds,
    onWarm: async () => {
      await look();
      timer = setInterval(() => {
        looking = looking.then(look);
      }, SAMPLE_MS);
    },
  });
  clearInterval(timer);
  await looking;
  await context.closeNetwork(); // what still waits there is nobody else's business
  const goodput = rateOf(executed);
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'overload', what, value, unit });
  const { peer } = context;
  const theirs = peer?.overload.at(-1);
  return [
    row(`offered (meant: ${rate}/s)`, figures.sent / figures.seconds, '/s'),
    {
      ...row('final under that offer, mean', goodput, '/s'),
      ...(theirs ? { peer: { value: theirs.final, what: `CometBFT when offered ${theirs.offered}/s` } } : {}),
    },
    {
      ...row(context.best ? 'share of our best' : `share of an assumed best of ${ASSUMED_BEST}/s`, (100 * goodput) / best, '%'),
      bar: { least: PEAK_SHARE },
      ...(theirs && peer ? { peer: { value: shareOf(theirs.final, peer.best), what: 'CometBFT: share of its best' } } : {}),
    },
    row('accepted', figures.accepted / figures.seconds, '/s'),
    ...[...figures.refused].map(([name, n]) => row(`refused: ${name}`, n / figures.seconds, '/s')),
    ...[...memory]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, bytes]) => row(`most memory of a ${kind} process`, bytes / 2 ** 20, 'MiB')),
  ];
}

interface Executed {
  readonly atMs: number;
  readonly count: number;
}

/** A second, from one block to a later one: under load blocks come seconds apart, and a second more or less would count one too many. */
function rateOf(readings: readonly Executed[]): number {
  const blocks = readings.filter((r, i) => i > 0 && r.count !== readings[i - 1]?.count);
  const [first, last] = blocks.length > 1 ? [blocks[0], blocks.at(-1)] : [readings[0], readings.at(-1)];
  if (!first || !last) throw new Error('nothing was measured');
  return ((last.count - first.count) * 1_000) / (last.atMs - first.atMs);
}

/** Kind of process → bytes of its largest. */
function largest({ pids }: BenchNetwork): Map<string, number> {
  const most = new Map<string, number>();
  for (const [pid, kind] of pids()) if (kind !== 'bench') most.set(kind, Math.max(most.get(kind) ?? 0, rssOf(pid)));
  return most;
}
