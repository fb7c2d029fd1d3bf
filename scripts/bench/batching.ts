/** Batches against batches of one (K3): the same transfers, with `batchMaxTransactions` of every validator set to 1. */
import { join } from 'node:path';
import type { Context } from './context.ts';
import { openLanes, runLoad } from './load.ts';
import { type BenchNetwork, openBenchNetwork } from './network.ts';
import type { Row } from './row.ts';
import { openFunded } from './workload.ts';

const ACCOUNTS = 64;
const WARM_S = 3;
const FACTOR = 10;
/** Signed for each second, and sent in a call: a lane counts when the whole of a call is provable, which must not take longer than the measurement. */
const BATCHES = { most: 6_500, group: 50 };
const ONES = { most: 1_500, group: 2 };

export async function benchBatching(context: Context): Promise<Row[]> {
  const seconds = Math.max(5, Math.round(context.seconds / 3));
  const rate = async (network: BenchNetwork, { most, group }: typeof ONES): Promise<number> => {
    const { work } = await openFunded(network, 'batching', ACCOUNTS, Math.ceil((most * (seconds + WARM_S)) / ACCOUNTS));
    const lanes = openLanes(network.session.connection, work);
    const { receipts, seconds: took } = await runLoad({ lanes, group, warmSeconds: WARM_S, seconds });
    return receipts.reduce((a, b) => a + b, 0) / took;
  };
  const normal = context.best ?? (await rate(await context.network(), BATCHES));
  await context.closeNetwork();
  context.say('Starting four validators that make batches of one.');
  const network = await openBenchNetwork(join(context.folder, 'ones'), { env: () => ({ BURSAR_BATCH_MAX_TRANSACTIONS: '1' }) });
  try {
    const one = await rate(network, ONES);
    return [
      { bench: 'batching', what: 'provable transfers, a batch for each', value: one, unit: '/s' },
      { bench: 'batching', what: 'provable transfers in batches', value: normal, unit: '/s' },
      { bench: 'batching', what: 'batches make it faster by', value: normal / one, unit: '×', bar: { least: FACTOR } },
    ];
  } finally {
    await network.close();
  }
}
