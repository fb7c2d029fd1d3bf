/** Seven validators, fifty milliseconds apart and back (K4): each cell talks to NATS through a proxy that holds every message for 12.5 ms. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxyThread } from '../../libs/chaos/src/index.ts';
import { type Follow, openFollow, type Signed } from '../../libs/client/src/index.ts';
import type { Context } from './context.ts';
import { metricsOf, sample, startCosts } from './costs.ts';
import { openLanes, runLoad } from './load.ts';
import { openBenchNetwork } from './network.ts';
import { percentile, type Row } from './row.ts';
import { openFunded } from './workload.ts';

const VALIDATORS = 7;
/** One way, between a process and NATS; two of them lie between two validators. */
const HOP_MS = 12.5;
/** Transfers whose way is followed, each second; and so few that no processor is waited for. */
const PROBES = 100;
const FEW = 5;
const PROBE_ACCOUNTS = 128;
const FULL = 2_100;
const FULL_ACCOUNTS = 128;
const GROUP = 20;
/** Before the light load, with the same load, so that twenty-eight processes have compiled what they run; before the full one. */
const WARM_S = { light: 20, full: 5 };
/** Batch, proposal, Prepare: three one-way trips. */
const FAST = { value: 6 * HOP_MS, what: 'light: batch, proposal and Prepare, 25 ms each (with Commits 100 ms)' };
/** And then the header that bears the root: a proposal and a Prepare more. */
const PROVABLE = { value: 10 * HOP_MS, what: 'light: as above, then proposal and Prepare of the next header' };
/** K4, whose median of 510 ms is far from light when little is asked. */
const BARS = { light: { p50: 1.6 * FAST.value, p99: 300 }, full: { p50: 510, p99: 720 } };

export async function benchWide(context: Context): Promise<Row[]> {
  const { say } = context;
  const seconds = Math.max(5, Math.round(context.seconds / 2));
  await context.closeNetwork();
  say('Starting seven validators behind delaying proxies.');
  const proxies = startProxyThread();
  const natsUrl = (validator: number, upstream: string) => proxies.start({ upstream, seed: validator, faults: [{ delayMs: HOP_MS }] });
  const network = await openBenchNetwork(join(context.folder, 'seven'), { validators: VALIDATORS, natsUrl });
  const { connection } = network.session;
  /** One for each validator, open all the time: two calls for each transfer would weigh in the figures. */
  const streams = connection.validators.map((v) => openFollow(v));
  try {
    const each = Math.ceil((2 * PROBES * (seconds + WARM_S.light)) / PROBE_ACCOUNTS);
    const { work: probes } = await openFunded(network, 'probe', PROBE_ACCOUNTS, each);
    const fullEach = Math.ceil(((FULL - PROBES) * (seconds + WARM_S.full)) / FULL_ACCOUNTS);
    const { work: full } = await openFunded(network, 'full', FULL_ACCOUNTS, fullEach);
    const lanes = probes.map((transfers) => ({ transfers, next: 0 }));
    const fastShare = async () => sample(await metricsOf(network.net.network.validators[0]?.consensus.admin ?? 0), 'consensus_fast_share');

    say(`Following ${PROBES} transfers a second.`);
    await follow(streams, lanes, WARM_S.light);
    const spent = await startCosts(network);
    const light = await follow(streams, lanes, seconds);
    const costs = await spent();
    const share = await fastShare();
    const few = await follow(streams, lanes, seconds, FEW);
    say(`Following ${PROBES} of ${FULL} a second.`);
    const load = runLoad({ lanes: openLanes(connection, full), group: GROUP, rate: FULL - PROBES, warmSeconds: WARM_S.full, seconds });
    await sleep(WARM_S.full * 1_000);
    const busy = await follow(streams, lanes, seconds);
    const { accepted, seconds: took } = await load;
    const cpuUs = [...costs.cpu.values()].reduce((a, b) => a + b, 0);
    return [
      ...rowsOf(`at ${FEW}/s`, few),
      ...rowsOf(`at ${PROBES}/s`, light, BARS.light),
      { bench: 'wide', what: `CPU a block at ${PROBES}/s, all processes`, value: cpuUs / costs.blocks, unit: 'µs' },
      {
        bench: 'wide',
        what: `cores in use at ${PROBES}/s`,
        value: cpuUs / 1e6 / costs.seconds,
        unit: '',
        limit: {
          value: navigator.hardwareConcurrency,
          what: 'the cores of this machine, for twenty-eight processes, NATS, seven proxies and the probes',
        },
      },
      { bench: 'wide', what: 'share of the last blocks final on the fast path', value: 100 * share, unit: '%' },
      ...rowsOf(`at ${FULL}/s`, busy, BARS.full),
      { bench: 'wide', what: `accepted beside the followed ones (offered ${FULL - PROBES}/s)`, value: accepted / took, unit: '/s' },
    ];
  } finally {
    for (const stream of streams) void stream.close(); // what is left on them ends with the network
    await network.close();
    await proxies.close();
  }
}

interface Followed {
  readonly finalMs: readonly number[];
  readonly provableMs: readonly number[];
  readonly lost: number;
}

function rowsOf(when: string, { finalMs, provableMs, lost }: Followed, bars?: { readonly p50: number; readonly p99: number }): Row[] {
  const row = (what: string, value: number): Row => ({
    bench: 'wide',
    what: `seven validators, 50 ms: ${what} ${when}`,
    value,
    unit: 'ms',
  });
  return [
    { ...row('Submit → final, p50', percentile(finalMs, 0.5)), limit: FAST, ...(bars && { bar: { most: bars.p50 } }) },
    { ...row('Submit → final, p99', percentile(finalMs, 0.99)), limit: FAST, ...(bars && { bar: { most: bars.p99 } }) },
    { ...row('Submit → provable, p50', percentile(provableMs, 0.5)), limit: PROVABLE },
    { ...row('Submit → provable, p99', percentile(provableMs, 0.99)), limit: PROVABLE },
    { bench: 'wide', what: `followed ${when}`, value: finalMs.length, unit: '' },
    ...(lost > 0 ? [{ bench: 'wide', what: `not followed to their end ${when}`, value: lost, unit: '' }] : []),
  ];
}

interface Probe {
  readonly transfers: readonly Signed[];
  next: number;
}

/** So many a second, each from an account that has none under way, at all validators in turn. */
async function follow(streams: readonly Follow[], probes: readonly Probe[], seconds: number, perSecond = PROBES): Promise<Followed> {
  const finalMs: number[] = [];
  const provableMs: number[] = [];
  let lost = 0;
  const idle = probes.filter((p) => p.next < p.transfers.length);
  const under = new Set<Promise<void>>();
  const one = async (probe: Probe, stream: Follow): Promise<void> => {
    const since = performance.now();
    let isFinal = false;
    await stream.send(probe.transfers[probe.next] as Signed, (step) => {
      const ms = performance.now() - since;
      if (step === 'taken') {
        probe.next++;
        return;
      }
      if (!isFinal) finalMs.push(ms);
      isFinal = true;
      if (step === 'provable') provableMs.push(ms);
    });
  };
  const started = performance.now();
  for (let sent = 0; performance.now() - started < seconds * 1_000; ) {
    if (sent < ((performance.now() - started) / 1_000) * perSecond) {
      const probe = idle.shift();
      sent++; // without an idle account this one is not sent: it shows as a smaller number of followed ones
      if (probe && probe.next < probe.transfers.length) {
        const call: Promise<void> = one(probe, streams[sent % streams.length] as Follow)
          .catch(() => {
            lost++;
          })
          .finally(() => {
            under.delete(call);
            idle.push(probe);
          });
        under.add(call);
      }
      continue;
    }
    await sleep(1);
  }
  await Promise.all(under);
  return { finalMs, provableMs, lost };
}
