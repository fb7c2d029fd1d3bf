/** What an idle network costs: a block a second, because time has to run. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { costRows, startCosts } from './costs.ts';
import type { Row } from './row.ts';

export async function benchIdle(context: Context): Promise<Row[]> {
  const network = await context.network();
  await sleep(2_000); // whatever ran before has settled
  const costs = await startCosts(network);
  await sleep(1_000 * Math.max(10, Math.round(context.seconds / 2)));
  const spent = await costs();
  const cpu = [...spent.cpu].reduce((sum, [kind, us]) => (kind === 'bench' ? sum : sum + us), 0);
  return [
    ...costRows('idle', 'idle network', spent),
    { bench: 'idle', what: 'one core, all processes, idle network', value: (100 * cpu) / (spent.seconds * 1e6), unit: '%' },
  ];
}
