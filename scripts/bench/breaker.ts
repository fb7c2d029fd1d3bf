/** The circuit breaker at work: an executor in this process pays through a real network while every tenth of its batches is lost on the way. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { validatorAddresses } from '../../apps/bursar/src/devnet/network-file.ts';
import { Bell } from '../../apps/treasury-executor/src/adapters/bell.ts';
import { followShard } from '../../apps/treasury-executor/src/adapters/follow-shard.ts';
import { Ledgers } from '../../apps/treasury-executor/src/adapters/ledgers.ts';
import { tracing } from '../../apps/treasury-executor/src/adapters/tracing.ts';
import { validators } from '../../apps/treasury-executor/src/adapters/validators.ts';
import { explain } from '../../apps/treasury-executor/src/errors.ts';
import { readKeyFile } from '../../libs/client/src/index.ts';
import { sign } from '../../libs/crypto/src/index.ts';
import { breakerDefaults, Driver, Executor, Journal, replayJournal, type Signed, type Submitter } from '../../libs/executor/src/index.ts';
import { isExecuteBatch } from '../../libs/protocol/src/index.ts';
import { openLog, rejection } from '../../libs/shared-core/src/index.ts';
import type { Context } from './context.ts';
import type { Payroll } from './payroll.ts';
import type { Row } from './row.ts';

export const BREAKER_PAYMENTS = 100_000;
const BATCH_ITEMS = 100;
/** Batches that are lost: 2,000 payments, every tenth batch, until there were so many. */
const LOST = 20;
const EVERY = 10;
const OPEN_MS = 2_000;
const SAMPLE_MS = 25;
const EXECUTOR = 'treasury-executor';

/** Loses every tenth batch the first time that it is sent, at each validator that is tried. */
class LossyWay implements Submitter {
  readonly #way: Submitter;
  /** By id: tries that are lost yet. */
  readonly #left = new Map<string, number>();
  #on = false;
  lost = 0;

  constructor(way: Submitter) {
    this.#way = way;
  }
  get count(): number {
    return this.#way.count;
  }
  start(): void {
    this.#on = true;
  }
  get isOver(): boolean {
    return this.lost >= LOST;
  }
  /** Batches that were sent, each once however often. */
  get met(): number {
    return this.#left.size;
  }
  async submit(place: number, transaction: Signed): Promise<void> {
    if (!isExecuteBatch(transaction.body)) return this.#way.submit(place, transaction); // its lease
    const left = this.#left.get(transaction.id) ?? this.#meet();
    this.#left.set(transaction.id, Math.max(0, left - 1));
    if (left > 0) throw rejection('PeerUnreachable', 'the bench lost it');
    await this.#way.submit(place, transaction);
  }
  #meet(): number {
    if (!this.#on || this.isOver || this.#left.size % EVERY !== 0) return 0;
    this.lost += 1;
    return this.count;
  }
}

interface Sample {
  readonly atMs: number;
  readonly paid: number;
  readonly breaker: string;
  readonly lost: number;
  readonly met: number;
}

/** The payments are imported and approved; the network's own executor is ended for good. */
export async function measureBreaker({ folder, say }: Context, payroll: Payroll): Promise<Row[]> {
  const { net, session } = payroll.network;
  await payroll.end(EXECUTOR, 'SIGTERM');
  const key = readKeyFile(net.at.executor(0).key);
  const dir = join(folder, 'breaker-journal');
  rmSync(dir, { recursive: true, force: true });
  const log = await openLog(dir);
  const replayed = await replayJournal(log.replay(), { chain: session.chain, shard: 0, signer: key.publicKey }); // it is empty
  const addresses = validatorAddresses(net.network);
  const ledgers = new Ledgers(
    addresses.map((a) => a.storage),
    0,
  );
  const way = validators(addresses.map((a) => a.consensus));
  const lossy = new LossyWay(way);
  const ended = new AbortController();
  const bell = new Bell();
  const executor = new Executor(
    {
      chain: session.chain,
      shard: 0,
      key: key.publicKey,
      leaseMs: session.genesis.leaseMs,
      batchItems: BATCH_ITEMS,
      window: 16,
      expiryMs: 30_000,
      resendMs: OPEN_MS,
      timeoutMs: 10_000,
      staleMs: 3 * session.genesis.blockIntervalMs,
      breaker: { ...breakerDefaults, openMs: OPEN_MS },
    },
    {
      reads: ledgers,
      submitter: lossy,
      journal: new Journal(log),
      tracing,
      clock: { monotonic: () => performance.now(), wall: () => Date.now() },
      sign: (hash) => sign(key.secretKey, hash),
      explain,
      log: { event: (_type, fields) => say(`Breaker: ${JSON.stringify(fields)}`), info() {}, warn() {} },
      meter: { error() {}, paid() {}, ended() {}, resolved() {} },
    },
    replayed,
  );
  const onFatal = (error: unknown) => ended.abort(error);
  const driver = new Driver({ executor, bell, pollMs: 1_000, explain, onTick: () => {}, onFatal });
  const follow = followShard(
    {
      ledgers,
      onBlock: () => bell.ring(),
      onLost: () => {},
      onLive: () => {},
      untilRotated: () => ended.signal,
      sleep: (ms, until) => new Bell().next(ms, until),
    },
    ended.signal,
  );
  const driven = driver.run(ended.signal);
  const samples: Sample[] = [];
  try {
    const before = await payroll.paid();
    for (let paid = 0; paid < BREAKER_PAYMENTS; ) {
      ended.signal.throwIfAborted();
      await sleep(SAMPLE_MS);
      paid = (await payroll.paid()) - before;
      if (paid > BREAKER_PAYMENTS / 4) lossy.start();
      samples.push({ atMs: performance.now(), paid, breaker: executor.status().breaker, lost: lossy.lost, met: lossy.met });
    }
  } finally {
    ended.abort();
    await Promise.all([driven, follow]);
    ledgers.close();
    way.close();
    await log.close();
  }
  return rowsOf(samples);
}

function rowsOf(samples: readonly Sample[]): Row[] {
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'payments', what, value, unit });
  const firstLoss = samples.findIndex((s) => s.lost > 0);
  const firstOpen = samples.findIndex((s) => s.breaker === 'open');
  if (firstOpen < 0) throw new Error('the breaker never opened');
  const lastBad = samples.findLastIndex((s) => s.breaker !== 'closed');
  const before = rateOf(samples.slice(Math.floor(firstLoss / 3), firstLoss)); // its first third warms up
  let [planned, paid, openMs] = [0, 0, 0];
  for (const [i, s] of samples.entries()) {
    const last = samples[i - 1];
    if (!last || s.breaker !== 'open' || last.breaker !== 'open') continue;
    planned += s.met - last.met;
    paid += s.paid - last.paid;
    openMs += s.atMs - last.atMs;
  }
  const after = rateOf(samples.slice(lastBad + 1));
  return [
    row('breaker: batches lost when it had opened; the fifth opens it, some leave together', (samples[firstOpen] as Sample).lost, ''),
    row('breaker: rate before, batches of 100', before, '/s'),
    { ...row('breaker: batches planned while it was open', planned, ''), bar: { most: 0 } },
    row('breaker: rate while open, of what was on its way', (paid * 1_000) / openMs, '/s'),
    { ...row('breaker: rate once it closed for good, of that before', (100 * after) / before, '%'), bar: { least: 80 } },
  ];
}

function rateOf(samples: readonly Sample[]): number {
  const [first, last] = [samples.at(0), samples.at(-1)];
  return first && last && last.atMs > first.atMs ? ((last.paid - first.paid) * 1_000) / (last.atMs - first.atMs) : 0;
}
