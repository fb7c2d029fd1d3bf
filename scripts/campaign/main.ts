/** `npm run campaign`: payments while processes of all kinds are killed, then the audit (`--help`). */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import { type AuditReport, isSound } from '../../apps/bursar/src/audit/audit.ts';
import { explain } from '../../apps/bursar/src/errors.ts';
import { fund } from '../../apps/bursar/src/operations/pay.ts';
import { keyFromSeed, type PaymentOrder, readKeyFile } from '../../libs/client/src/index.ts';
import { messageOf } from '../../libs/shared-core/src/index.ts';
import { Random } from '../../libs/simulator/src/world/random.ts';
import { judge } from '../treasury/judge.ts';
import { type Told, Treasurer } from '../treasury/load.ts';
import { LEASE_MS, openTreasuryNetwork, type TreasuryNetwork } from '../treasury/network.ts';
import { killsOf, type Strike, schedule } from './schedule.ts';
import { readSettings, type Settings, USAGE } from './settings.ts';
import { strikeAll } from './strikes.ts';

const FOLDER = join('.tools', 'campaign');
const REST_MS = 180_000;
const FUNDS = 10_000_000n;
const payees = Array.from({ length: 8 }, (_, i) => keyFromSeed(Buffer.alloc(32, `campaign payee ${i} `)).publicKey);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

interface Report {
  readonly seed: number;
  readonly kills: number;
  readonly freezes: number;
  readonly killed: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly imports: number;
  readonly payments: number;
  readonly paid: number;
  readonly cancels: Told['cancels'];
  readonly perSecond: number;
  readonly audit: AuditReport;
}

/** One import after the other: both lanes, chains, a few later, and now and then a cancellation that races with the executor. */
async function payOn(
  { net, session }: TreasuryNetwork,
  treasurer: Treasurer,
  { items, seed }: Settings,
  signal: AbortSignal,
): Promise<void> {
  const random = new Random(seed, 1);
  const client = readKeyFile(net.at.clientKey);
  const [first, second, third] = [1, 2, 3].map((i) => readKeyFile(net.at.approverKey(i)));
  if (!first || !second || !third) throw new Error('the network has three approvers');
  await fund(session, client, FUNDS);
  for (let n = 0; !signal.aborted || n < 2; n++) {
    const key = (i: number) => `${n}-${i}`;
    const payments = Array.from({ length: items }, (_, i): PaymentOrder => {
      const order = { clientKey: key(i), destination: random.pick(payees), amount: BigInt(random.between(1, 20)), dependsOn: [] };
      if (i > 0 && random.chance(0.2)) return { ...order, dependsOn: [key(random.below(i))] };
      return random.chance(0.3)
        ? { ...order, lane: 'industrial' }
        : random.chance(0.1)
          ? { ...order, notBefore: Date.now() + 1_500 }
          : order;
    });
    const { digest, ids } = await treasurer.import(client, payments);
    await treasurer.approve(first, digest);
    const race = random.chance(0.5) ? sleep(random.between(0, 500)).then(() => treasurer.cancel(third, random.pick(ids))) : undefined;
    await Promise.all([treasurer.approve(second, digest), race]);
  }
}

async function campaign(network: TreasuryNetwork, settings: Settings): Promise<Report> {
  const { net, session } = network;
  const strikes = schedule(settings.kills, settings.seed, {
    validators: session.genesis.validators.length,
    executors: 2,
    leaseMs: LEASE_MS,
  });
  const treasurer = new Treasurer(session);
  const { told } = treasurer;
  const bar = new SingleBar(
    { format: '  [{bar}] {value}/{total} kills, {payments} payments', stream: process.stderr, fps: 4 },
    Presets.shades_classic,
  );
  if (process.stderr.isTTY) bar.start(settings.kills, 0, { payments: 0 });
  const stop = new AbortController();
  const startedMs = performance.now();
  const struck = (s: Strike, kills: number): void => {
    bar.update(kills, { payments: told.payments });
    if (!process.stderr.isTTY)
      say(
        `  ${kills}/${settings.kills} ${s.isFreeze ? 'frozen' : 'killed'}: ${s.names.join(', ')}${s.againMs === undefined ? '' : ', twice'}`,
      );
  };
  const paying = payOn(network, treasurer, settings, stop.signal);
  paying.catch(() => stop.abort()); // told below
  await strikeAll(net, strikes, stop.signal, struck)
    .catch((e) => {
      if (!stop.signal.aborted) throw e;
    })
    .finally(() => {
      stop.abort();
      bar.stop();
    });
  await paying;
  say('Quiet: waiting until everything that was approved is paid, cancelled or held back.');
  await treasurer.rest(REST_MS);
  net.check();
  const seconds = (performance.now() - startedMs) / 1_000;
  const audit = await judge(network, told, payees);
  const killed: Record<string, number> = {};
  for (const s of strikes)
    for (const name of s.names) {
      const kind = name.replace(/^validator-\d+-|-\d+$/g, '');
      if (!s.isFreeze) killed[kind] = (killed[kind] ?? 0) + killsOf(s) / s.names.length;
    }
  return {
    seed: settings.seed,
    kills: settings.kills,
    freezes: strikes.filter((s) => s.isFreeze).length,
    killed,
    seconds: Math.round(seconds * 10) / 10,
    imports: told.imports.length,
    payments: told.payments,
    paid: audit.payments,
    cancels: told.cancels,
    perSecond: Math.round(audit.payments / seconds),
    audit,
  };
}

const text = (value: unknown): string => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v));
function print({ audit, ...rest }: Report): void {
  const { findings, counts, height, heights, leases, transactions } = audit;
  for (const [name, value] of Object.entries({ ...rest, height, heights, leases, transactions, findings: counts }))
    process.stdout.write(`${name.padEnd(12)} ${typeof value === 'object' ? text(value) : value}\n`);
  for (const f of findings) process.stdout.write(`FOUND        ${f.property} at height ${f.height}: ${f.what}\n`);
}

async function main(): Promise<number> {
  let settings: Settings | undefined;
  try {
    settings = readSettings(process.argv.slice(2));
  } catch (e) {
    say(`${messageOf(e)}\n\n${USAGE}`);
    return 64;
  }
  if (settings === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  say(`Campaign of ${settings.kills} kills, seed ${settings.seed}.`);
  mkdirSync(FOLDER, { recursive: true });
  const dir = join(FOLDER, `net-${process.pid}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  let isRight = false;
  const network = await openTreasuryNetwork(dir);
  try {
    const report = await campaign(network, settings);
    if (settings.json) process.stdout.write(`${text(report)}\n`);
    else print(report);
    isRight = isSound(report.audit);
    return isRight ? 0 : 70;
  } catch (e) {
    say(`No verdict: ${explain(e)}\nAgain: npm run campaign -- --kills ${settings.kills} --seed ${settings.seed}`);
    return 1;
  } finally {
    await network.close();
    if (isRight && !settings.keep) rmSync(dir, { recursive: true, force: true });
    else say(`The network's folder: ${dir}`);
  }
}

process.exitCode = await main();
