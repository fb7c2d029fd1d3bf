/** A NATS server killed under load: how long after its return nothing is final (bar: five seconds). */
import { setTimeout as sleep } from 'node:timers/promises';
import { natsOutage, type Outage } from '../../apps/bursar/test/support/outage.ts';
import type { Context } from './context.ts';
import { percentile, type Row } from './row.ts';
import { startTrickle } from './trickle.ts';
import { openFunded } from './workload.ts';

const OUTAGES = 9;
/** In turn: gone and back at once, shorter and longer than the clients' wait between two tries. */
const DOWN_MS = [0, 1_000, 5_000] as const;
const LANES = 12;
const EACH = 2_000;
const BEFORE_MS = 1_000;
const BAR_MS = 5_000;

export async function benchOutage(context: Context): Promise<Row[]> {
  const network = await context.network();
  const { net, session } = network;
  const count = Math.max(DOWN_MS.length, Math.round((OUTAGES * context.seconds) / 30));
  const { work } = await openFunded(network, 'outage', LANES, EACH);
  const trickle = startTrickle(session.connection, work, [...session.connection.validators.keys()]);
  const outages: Outage[] = [];
  try {
    for (let i = 0; i < count; i++) {
      await sleep(BEFORE_MS);
      const downMs = DOWN_MS[i % DOWN_MS.length] as number;
      const outage = await natsOutage(net, session, downMs);
      net.check();
      outages.push(outage);
      context.say(
        `outage ${i + 1} of ${downMs} ms: a block after ${Math.round(outage.progressMs)} ms, everybody after ${Math.round(outage.allMs)} ms`,
      );
    }
  } finally {
    await trickle.stop();
  }
  const row = (what: string, values: readonly number[], share: number): Row => ({
    bench: 'outage',
    what,
    value: percentile(values, share),
    unit: 'ms',
  });
  const progress = outages.map((o) => o.progressMs);
  return [
    row(`from the return of a killed NATS to a new block at a quorum, p50 of ${count}`, progress, 0.5),
    { ...row('the longest of them', progress, 1), bar: { most: BAR_MS } },
    row(
      'until all validators have one, longest',
      outages.map((o) => o.allMs),
      1,
    ),
  ];
}
