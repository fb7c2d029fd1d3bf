/** Signed transfers with receipts at our best, one at a time, and when twice as much is offered. */
import { nextNonce } from '../../apps/bursar/src/operations/session.ts';
import { buildTransfer, readKeyFile, settle, signTransaction } from '../../libs/client/src/index.ts';
import type { Context } from './context.ts';
import { costRows, startCosts } from './costs.ts';
import { openLanes, runLoad } from './load.ts';
import { median, percentile, type Row } from './row.ts';
import { openFunded } from './workload.ts';

const ACCOUNTS = 64;
const GROUP = 100;
/** V8 compiles that long; a validator runs for months. */
const WARM_S = 15;
/** Signed for each measured second: what two cores could verify. */
const MOST = 6_500;

export async function benchTransfers(context: Context): Promise<Row[]> {
  const { seconds, say } = context;
  const limits = context.limits();
  const network = await context.network();
  const each = Math.ceil((MOST * (seconds + WARM_S)) / ACCOUNTS);
  say(`Signing ${(each * ACCOUNTS).toLocaleString('en-US')} transfers.`);
  const { work } = await openFunded(network, 'transfers', ACCOUNTS, each);
  const lanes = openLanes(network.session.connection, work);
  say('Running them.');
  let costs = startCosts(network);
  const figures = await runLoad({
    lanes,
    group: GROUP,
    warmSeconds: WARM_S,
    seconds,
    onWarm: async () => {
      costs = startCosts(network);
      await costs;
    },
  });
  const spent = await (await costs)();
  const total = figures.receipts.reduce((a, b) => a + b, 0);
  const rate = total / figures.seconds;
  if (total === 0) throw new Error(`no transfer was provable in ${figures.seconds} s; refused: ${JSON.stringify([...figures.refused])}`);
  context.best = rate;
  const { peer } = context;
  const limit = { value: 2e6 / (4 * limits.verifyUs), what: 'two cores, four verifications of each, nothing else' };
  const beside = peer
    ? {
        peer: { value: peer.best, what: 'CometBFT v0.38.19 in the same run: committed, signatures checked once per node' },
        bar: { least: peer.best },
      }
    : {};
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'transfers', what, value, unit });
  return [
    { ...row(`signed transfers, 250-byte payload, provable, mean of ${figures.seconds} s`, rate, '/s'), limit, ...beside },
    row('the same, median second', median(figures.receipts), '/s'),
    row('call answered → provable under that load, p50', percentile(figures.ms, 0.5), 'ms'),
    row('call answered → provable under that load, p99', percentile(figures.ms, 0.99), 'ms'),
    ...[...figures.refused].map(([name, count]) => row(`refused under that load: ${name}`, count, '')),
    ...[...spent.cpu]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, us]) => row(`CPU a transfer, ${kind === 'bench' ? 'the load generator' : `all ${kind} processes`}`, us / total, 'µs')),
    ...costRows('transfers', 'full network', spent),
  ];
}

const PROBES = 200;

/** One transfer at a time on an idle network: the latency that a person sees. */
export async function benchFinality(context: Context): Promise<Row[]> {
  const limits = context.limits();
  const { net, session } = await context.network();
  const client = readKeyFile(net.at.clientKey);
  const first = await nextNonce(session, client.publicKey);
  const ms: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const tx = signTransaction(
      client,
      buildTransfer({ chain: session.chain, signer: client.publicKey, nonce: first + BigInt(i) }, client.publicKey, 1n),
    );
    const { finalityMs } = await settle(session.connection, tx);
    if (finalityMs !== undefined) ms.push(finalityMs);
  }
  // Two blocks (content, then the header that bears its root), each: proposal, Prepare row, Commit row, storage, one after the other.
  const limit = { value: 2 * 5 * limits.fsyncMs, what: 'ten fsyncs in a row, no network, no CPU' };
  return [
    { bench: 'finality', what: 'one transfer at a time, Submit → provable, p50', value: percentile(ms, 0.5), unit: 'ms', limit },
    { bench: 'finality', what: 'one transfer at a time, Submit → provable, p99', value: percentile(ms, 0.99), unit: 'ms' },
  ];
}
