/** Twice the sustainable offer: what still becomes final, what is refused and how, and what it costs in memory (C6). */
import type { Connection } from '../../libs/client/src/index.ts';
import { fromHex } from '../../libs/protocol/src/index.ts';
import type { Context } from './context.ts';
import { rssOf } from './cpu.ts';
import { openLanes, runLoad } from './load.ts';
import type { BenchNetwork } from './network.ts';
import { type Row, shareOf } from './row.ts';
import { openFunded } from './workload.ts';

const ACCOUNTS = 256;
const GROUP = 50;
/** Until everything that can wait is full: what is measured goes on like that for ever. */
const WARM_S = 15;
const SAMPLE_MS = 1_000;
/** When our best was not measured in this run. */
const ASSUMED_BEST = 4_000;
const PEAK_SHARE = 90;

export async function benchOverload(context: Context): Promise<Row[]> {
  const { say } = context;
  const best = context.best ?? ASSUMED_BEST;
  const rate = 2 * Math.round(best);
  const seconds = Math.max(5, Math.round(context.seconds / 2));
  const network = await context.network();
  const { connection } = network.session;
  // What is refused is sent again: what can become final has to be there, and some more that waits.
  const each = Math.ceil((rate * (seconds + WARM_S)) / ACCOUNTS);
  say(`Signing ${(each * ACCOUNTS).toLocaleString('en-US')} transfers.`);
  const { accounts, work } = await openFunded(network, 'overload', ACCOUNTS, each);
  say(`Offering ${rate.toLocaleString('en-US')} a second.`);
  const ids = accounts.map((a) => fromHex(a.publicKey));
  const executed: { atMs: number; count: number }[] = [];
  const memory = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    executed.push({ atMs: performance.now(), count: await executedOf(connection, ids) });
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
  const [begin, end] = [executed[0], executed.at(-1)] as [(typeof executed)[number], (typeof executed)[number]];
  const goodput = ((end.count - begin.count) * 1_000) / (end.atMs - begin.atMs);
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

/** Transfers of these accounts that are executed: the sum of their nonces. */
async function executedOf({ validators }: Connection, accounts: readonly Uint8Array[]): Promise<number> {
  const ledger = (validators[0] as (typeof validators)[number]).ledger;
  const nonces = await Promise.all(accounts.map((account) => ledger.getAccount({ account }).then((a) => Number(a.nextNonce))));
  return nonces.reduce((a, b) => a + b, 0);
}

/** Kind of process → bytes of its largest. */
function largest({ pids }: BenchNetwork): Map<string, number> {
  const most = new Map<string, number>();
  for (const [pid, kind] of pids()) if (kind !== 'bench') most.set(kind, Math.max(most.get(kind) ?? 0, rssOf(pid)));
  return most;
}
