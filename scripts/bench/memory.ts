/** Memory after ten thousand blocks: flat, or something is kept that nobody asks for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { metricsOf, sample } from './costs.ts';
import { rssOf } from './cpu.ts';
import type { Row } from './row.ts';
import { openStatus } from './status.ts';
import { startTrickle } from './trickle.ts';
import { openFunded } from './workload.ts';

const BLOCKS = 10_000;
const STEP = 1_000;
/** Not counted: code is compiled, caches of fixed size are filled. */
const SETTLING = 3_000;
const LANES = 4;
const MOST_MS = 600_000;
const POLL_MS = 50;
const SERVICES = ['consensus', 'storage', 'validator-set', 'crypto-signing'] as const;

interface Reading {
  readonly block: number;
  /** `consensus heap` → MiB, of the first validator. */
  readonly mib: ReadonlyMap<string, number>;
}

export async function benchMemory(context: Context): Promise<Row[]> {
  const { say } = context;
  await context.closeNetwork(); // processes that have done nothing yet
  const network = await context.network();
  const { work } = await openFunded(network, 'memory', LANES, BLOCKS / LANES);
  const [status] = openStatus(network) as [ReturnType<typeof openStatus>[number]];
  const height = async () => Number((await status.getStatus({})).finalHeight);
  const first = await height();
  const trickle = startTrickle(network.session.connection, work, [0, 1, 2, 3]);
  const readings: Reading[] = [];
  const deadline = performance.now() + MOST_MS;
  const started = performance.now();
  try {
    for (let next = STEP; next <= BLOCKS && performance.now() < deadline; ) {
      const block = (await height()) - first;
      if (block < next) {
        await sleep(POLL_MS);
        continue;
      }
      readings.push({ block, mib: await memoryOf(network) });
      say(`${block} blocks: ${[...(readings.at(-1) as Reading).mib].map(([k, v]) => `${k} ${v.toFixed(0)}`).join(', ')} MiB`);
      next = (Math.floor(block / STEP) + 1) * STEP;
    }
  } finally {
    await trickle.stop();
    status.close();
  }
  const seconds = (performance.now() - started) / 1_000;
  const last = readings.at(-1);
  if (!last) throw new Error(`fewer than ${STEP} blocks in ${MOST_MS / 1_000} s`);
  const settled = readings.filter((r) => r.block >= SETTLING);
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'memory', what, value, unit });
  return [
    row('blocks with a transfer or its root', last.block, ''),
    row('blocks a second, few transfers at a time', last.block / seconds, '/s'),
    ...[...last.mib].flatMap(([kind, mib]) => [
      row(`${kind} after them`, mib, 'MiB'),
      row(
        `${kind}: growth a thousand blocks`,
        STEP *
          slope(
            settled.map((r) => r.block),
            settled.map((r) => r.mib.get(kind) ?? 0),
          ),
        'MiB',
      ),
    ]),
  ];
}

async function memoryOf({ net, pids }: Awaited<ReturnType<Context['network']>>): Promise<Map<string, number>> {
  const mib = new Map<string, number>();
  const [cell] = net.network.validators;
  const names = new Map([...pids()].map(([pid, kind]) => [kind, pid])); // one of each kind stands for all
  for (const service of SERVICES) {
    const page = cell ? await metricsOf(cell[service].admin) : '';
    mib.set(`${service} heap`, sample(page, '\\w*nodejs_heap_size_used_bytes') / 2 ** 20);
    mib.set(`${service} resident`, rssOf(names.get(service) ?? 0) / 2 ** 20);
  }
  return mib;
}

/** Of the line with the least squares; NaN for fewer than two points. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const up = x.reduce((s, v, i) => s + (v - mx) * ((y[i] ?? 0) - my), 0);
  return up / x.reduce((s, v) => s + (v - mx) ** 2, 0);
}
