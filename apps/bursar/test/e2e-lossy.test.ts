/**
 * Real processes, each cell behind a proxy that loses, doubles, delays and reorders what goes over NATS; then leaders that are killed under load
 * (K6, K3). Beside it: e2e-stress has a liar, e2e-recovery kills processes of all kinds. BURSAR_SEED makes it another one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Counters, type Fault, type NatsProxy, startNatsProxy } from '@bursar/chaos';
import type { LedgerClient } from '@bursar/client';
import { fromBitmap } from '@bursar/membership';
import { block, decode, fromHex } from '@bursar/protocol';
import { consensus, type ledger } from '@bursar/protocol/rpc';
import { createRpcClient } from '@bursar/shared-core';
import { Random } from '@bursar/simulator';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { addressOf } from '../src/devnet/network-file.ts';
import { serviceName } from '../src/devnet/services.ts';
import type { Session } from '../src/operations/session.ts';
import { type BatchRecorder, recordBatches } from './support/batches.ts';
import { chainFacts } from './support/chain-check.ts';
import { type Lanes, startLanes } from './support/lanes.ts';
import { clientKey, ready, sessionOf, startNetwork, until } from './support/network.ts';
import { processesOf, scratch } from './support/program.ts';
import { recordVotes, type VoteRecorder } from './support/votes.ts';

const seed = Number(process.env['BURSAR_SEED'] ?? 1);
const random = new Random(seed);
const WIDE_MS = 240_000;
const LANES = 16;

/** Of a message to each of its receivers; it passes two proxies. */
const LOSSY: readonly Fault[] = [{ direction: 'in', drop: 0.1, double: 0.05, reorder: 0.1, reorderMs: 30 }, { jitterMs: 25 }];
const TRANSFERS = 150;

const at = scratch('lossy');
const dir = at.path('net');
const proxies: NatsProxy[] = [];
let net: Devnet;
let session: Session;
let votes: VoteRecorder;
let batches: BatchRecorder;
beforeAll(async () => {
  net = await startNetwork(dir, {
    natsUrl: async (validator, upstream) => {
      proxies[validator] = await startNatsProxy({ upstream, seed: seed * 16 + validator });
      return (proxies[validator] as NatsProxy).url;
    },
  });
  session = sessionOf(net);
  votes = await recordVotes(net);
  batches = await recordBatches(net);
}, 200_000);
afterAll(async () => {
  session?.connection.close();
  await votes?.close();
  await batches?.close();
  await net?.stopAll();
  await Promise.all(proxies.map((p) => p.close()));
  expect(processesOf(dir)).toEqual([]);
  at.remove();
}, 60_000);

const storages = () => session.connection.validators.map((v) => v.ledger);
const statuses = () => Promise.all(storages().map((s) => s.getStatus({})));
const isInABlock = (id: string): Promise<boolean> =>
  Promise.any(storages().map((s) => s.getTransaction({ transactionId: fromHex(id) }))).then(
    () => true,
    () => false,
  );

/** Nothing accepted is lost or done twice, every batch that left its origin stands in the one chain once, nobody signed twice. */
async function everythingHolds(lanes: Lanes): Promise<void> {
  await lanes.stop();
  net.check();
  const next = new Map<number, number>();
  for (const { origin, number } of batches.sent.values()) next.set(origin, Math.max(next.get(origin) ?? 0, number + 1));
  await until('all batches are ordered', async () => {
    const all = await statuses();
    return all.some((s) => [...next].every(([origin, n]) => Number(s.nextBatch[origin]) >= n));
  });
  const facts = await chainFacts(session, lanes);
  expect([facts.chains, facts.lost, facts.twice]).toEqual([1, [], []]);
  expect(facts.paid[0]).toBe(facts.paid[1]);
  expect([...batches.sent].filter(([digest]) => facts.batches.get(digest) !== 1)).toEqual([]);
  expect(await votes.wrong(net)).toEqual([]);
}

describe('a NATS that loses a tenth, doubles a twentieth, delays by up to 50 ms and reorders', () => {
  it(
    'what is accepted is final once, in one chain that nobody contradicts',
    async () => {
      for (const p of proxies) p.set(LOSSY);
      const lanes = await startLanes(session, clientKey(net), LANES, random);
      await until(`${TRANSFERS} transfers are final`, async () => lanes.final() >= TRANSFERS);
      const kinds = ['dropped', 'doubled', 'delayed', 'reordered'] as const satisfies (keyof Counters)[];
      for (const p of proxies) expect(kinds.filter((kind) => p.counters()[kind] === 0)).toEqual([]);
      for (const p of proxies) p.set([]); // the books are compared when everybody can hear
      await everythingHolds(lanes);
    },
    WIDE_MS,
  );
});

interface Death {
  /** The next block shows that it was skipped: it was its turn. */
  readonly led: boolean;
  /** Batches of its own that had left it and were in no block. */
  readonly between: number;
  /** Accepted by it; in no block while it was away, though others went on. */
  readonly kept: number;
}
/** Deaths with all of it, and the most that are tried for them. */
const DEATHS = 2;
const MOST = 20;
/** So long, at most, the leader that a validator told of is taken for the leader. */
const ACCEPT_MS = 20;
/** Others go on so far while it is away. */
const BLOCKS = 4;

const openEngine = (address: string) => createRpcClient(consensus.Consensus, address);
describe('the death of a leader under load', () => {
  let engines: ReturnType<typeof openEngine>[];
  beforeAll(() => {
    engines = net.network.validators.map((v) => openEngine(addressOf(v.consensus)));
  });
  afterAll(() => {
    for (const e of engines) e.close();
  });
  /** Kills whoever leads the open height, right after an acceptance; waits until the others go on, brings it back. */
  async function killLeader(lanes: Lanes): Promise<Death> {
    // Whoever was dead just now may not be connected yet: the first to answer.
    const leads = async () => (await Promise.any(engines.map((e) => e.getStatus({})))).leader;
    let leader = await leads();
    while (!(await lanes.accepts(leader, ACCEPT_MS))) leader = await leads();
    const name = serviceName(leader, 'consensus');
    await net.kill(name, 'SIGKILL');
    const accepted = lanes.waiting(leader);
    const before = await statuses();
    const height = Math.max(...before.map((s) => Number(s.height)));
    const next = Math.max(...before.map((s) => Number(s.nextBatch[leader])));
    const between = [...batches.sent.values()].filter((b) => b.origin === leader && b.number >= next).length;
    await until('the others go on', async () => (await statuses()).every((s, v) => v === leader || Number(s.height) >= height + BLOCKS));
    const { block: first } = await (storages()[(leader + 1) % 4] as LedgerClient).getBlock({ height: BigInt(height + 1) });
    const skipped = fromBitmap(decode(block, (first as ledger.FinalHeader).block).header.skipped, 4);
    const ordered = await Promise.all(accepted.map(isInABlock));
    await net.start(name);
    await ready(net, name);
    return { led: skipped?.includes(leader) === true, between, kept: ordered.filter((is) => !is).length };
  }
  it(
    'loses nothing that it accepted, nor a batch of its own between its making and its block',
    async () => {
      for (const p of proxies) p.set([{ direction: 'in', double: 0.05, reorder: 0.1, reorderMs: 10 }, { jitterMs: 5 }]);
      const lanes = await startLanes(session, clientKey(net), LANES, random, 'settled');
      const deaths: Death[] = [];
      const of = (which: (d: Death) => boolean) => deaths.filter(which).length;
      const enough = () => of((d) => d.led) >= DEATHS && of((d) => d.between > 0) > 0 && of((d) => d.kept > 0) > 0;
      while (!enough() && deaths.length < MOST) {
        await sleep(random.between(100, 400));
        deaths.push(await killLeader(lanes));
      }
      process.stderr.write(`deaths of leaders: ${JSON.stringify(deaths)}\n`);
      expect(enough()).toBe(true);
      await everythingHolds(lanes);
    },
    WIDE_MS,
  );
});
