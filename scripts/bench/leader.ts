/** The death of a leader: SIGKILL to the consensus process that leads the open height, and how long nothing is final (bar: two view time-outs). */
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceName } from '../../apps/bursar/src/devnet/services.ts';
import type { Context } from './context.ts';
import { percentile, type Row } from './row.ts';
import { openStatus } from './status.ts';
import { startTrickle } from './trickle.ts';
import { openFunded } from './workload.ts';

const DEATHS = 10;
const LANES = 6;
const EACH = 1_000;
const POLL_MS = 5;
const AFTER_MS = 4_000;
const READY_MS = 30_000;
/** Longer than any pause between blocks under a trickle, shorter than a view time-out. */
const STALL_SHARE = 0.5;

export async function benchLeader(context: Context): Promise<Row[]> {
  const network = await context.network();
  const { net, session } = network;
  const { viewTimeoutMs } = session.genesis;
  const deaths = Math.max(3, Math.round((DEATHS * context.seconds) / 30));
  const statuses = openStatus(network);
  const stalls: number[] = [];
  let unharmed = 0;
  try {
    for (let i = 0; i < deaths; i++) {
      const { leader } = await (statuses[i % statuses.length] as (typeof statuses)[number]).getStatus({});
      const others = [0, 1, 2, 3].filter((v) => v !== leader);
      const watched = statuses[others[0] as number] as (typeof statuses)[number];
      const { work } = await openFunded(network, `leader ${i}`, LANES, EACH);
      const trickle = startTrickle(session.connection, work, others);
      await sleep(500);
      const name = serviceName(leader, 'consensus');
      const victim = await untilLeader(watched, leader);
      if (victim) await net.kill(name, 'SIGKILL');
      const stall = victim ? await longestStall(watched) : 0;
      await trickle.stop();
      if (victim) await net.start(name);
      await net.waitReady(READY_MS);
      if (stall >= STALL_SHARE * viewTimeoutMs) stalls.push(stall);
      else unharmed++;
      context.say(`death ${i + 1} of validator ${leader}: ${Math.round(stall)} ms without a final block`);
    }
  } finally {
    for (const s of statuses) s.close();
  }
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'leader', what, value, unit });
  const bar = { most: 2 * viewTimeoutMs };
  const limit = { value: viewTimeoutMs, what: 'the view time-out of the genesis' };
  if (stalls.length === 0)
    return [
      {
        ...row('longest time without a final block after a leader’s death', 0, 'ms'),
        value: undefined,
        why: `none of ${deaths} deaths met a leader at work`,
      },
    ];
  return [
    { ...row(`without a final block after a leader’s death, p50 of ${stalls.length}`, percentile(stalls, 0.5), 'ms'), limit },
    { ...row('the longest of them', Math.max(...stalls), 'ms'), limit, bar },
    row('deaths that delayed nothing, not counted above', unharmed, ''),
  ];
}

type Status = ReturnType<typeof openStatus>[number];

/** Waits for a height that this validator leads. */
async function untilLeader(status: Status, leader: number): Promise<boolean> {
  for (const deadline = performance.now() + AFTER_MS; performance.now() < deadline; ) {
    if ((await status.getStatus({})).leader === leader) return true;
    await sleep(1);
  }
  return false;
}

/** The longest time between two final blocks in the seconds that follow, as one survivor sees them. */
async function longestStall(status: Status): Promise<number> {
  const started = performance.now();
  let last = started;
  let longest = 0;
  for (let seen = (await status.getStatus({})).finalHeight; performance.now() - started < AFTER_MS; ) {
    await sleep(POLL_MS);
    const { finalHeight } = await status.getStatus({});
    if (finalHeight === seen) continue;
    const now = performance.now();
    longest = Math.max(longest, now - last);
    [seen, last] = [finalHeight, now];
  }
  return Math.max(longest, performance.now() - last);
}
