/** Payments: approved ones executed with receipt, the whole way from the import, and both beside BullMQ and a dying executor. */

import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BREAKER_PAYMENTS, measureBreaker } from './breaker.ts';
import { measureBullmq } from './bullmq.ts';
import type { Context } from './context.ts';
import { rssOf, startMeter } from './cpu.ts';
import { benchGrowth } from './growth.ts';
import { IMPORT_ITEMS, Payroll } from './payroll.ts';
import type { Row } from './row.ts';

/** Approved ahead for each measured second: the executor must not run dry. */
const AHEAD_PER_SECOND = 24_000;
const LEAST_SECONDS = 60;
/** More than is paid in the time: else it would end early. */
const MARGIN = 1.2;
const WARM_UP = 2 * IMPORT_ITEMS;
const END_TO_END = 15 * IMPORT_ITEMS;
const KILL_EVERY_MS = 10_000;
const KILLS = 3;
const EXECUTOR = 'treasury-executor';
const STORAGE = 'validator-0-storage';
const PATIENCE_MS = 300_000;

const bar = { execution: 20_000, endToEnd: 10_000 };

export async function benchPayments(context: Context): Promise<Row[]> {
  const limits = context.limits();
  await context.closeNetwork(); // the figures are of a ledger that holds nothing else
  const network = await context.network();
  const payroll = new Payroll(network);
  const seconds = Math.max(LEAST_SECONDS, context.seconds);
  const storage = network.net.at.data(0, 'storage');
  const ahead = seconds * AHEAD_PER_SECOND;
  await payroll.fund(WARM_UP + END_TO_END + 2 * ahead + BREAKER_PAYMENTS);
  await wholeWay(payroll, WARM_UP);
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'payments', what, value, unit });
  const ceiling = { value: 2e6 / (4 * limits.executeUs), what: 'two cores, four ledgers, nothing else' };

  context.say(`${END_TO_END.toLocaleString('en-US')} payments, from their import.`);
  const told = (m: Measured): Measured => {
    context.say(
      `${Math.round(m.rate).toLocaleString('en-US')}/s; µs each: ${m.cpu.map(([kind, us]) => `${kind} ${us.toFixed(1)}`).join(', ')}`,
    );
    return m;
  };
  const whole = told(await measured(payroll, () => wholeWay(payroll, END_TO_END)));
  const rows: Row[] = [
    { ...row('import, approve, execute', whole.rate, '/s'), limit: ceiling, bar: { least: bar.endToEnd } },
    ...whole.cpu.map(([kind, us]) => row(`CPU a payment on the whole way, all ${kind} processes`, us, 'µs')),
  ];

  context.say(`Importing and approving ${ahead.toLocaleString('en-US')} payments.`);
  await payroll.plan(false);
  const imported = told(await measured(payroll, () => queue(payroll, ahead), ahead));
  rows.push(row('import and approve', imported.rate, '/s'));
  context.say(`Executing for ${seconds} s.`);
  await payroll.plan(true);
  const executed = told(await measured(payroll, () => paidFor(payroll, ahead, seconds * 1_000)));
  rows.push(
    { ...row(`approved → executed with receipt, ${seconds} s`, executed.rate, '/s'), limit: ceiling, bar: { least: bar.execution } },
    ...executed.cpu.map(([kind, us]) => row(`CPU an approved payment, all ${kind} processes`, us, 'µs')),
  );
  rows.push(row('resident memory of a storage afterwards', largest(network.pids(), 'storage') / 2 ** 20, 'MiB'));

  context.say(`Killing the executor every ${KILL_EVERY_MS / 1_000} s.`);
  await payroll.plan(false);
  const wanted = Math.ceil((MARGIN * executed.rate * KILLS * KILL_EVERY_MS) / 1_000);
  await queue(payroll, Math.max(0, wanted - (await payroll.count('queued'))));
  await payroll.plan(true);
  const killed = await measured(payroll, () => paidUnderKills(payroll, wanted));
  rows.push(row('share of that rate with the executor killed every 10 s', (100 * killed.rate) / executed.rate, '%'));
  await payroll.until('the rest is paid', async () => (await payroll.count('queued')) === 0, PATIENCE_MS);
  rows.push(row('bytes on the disk of one storage a payment, import to receipt', (await diskOf(storage)) / (await payroll.paid()), 'B'));

  context.say('Losing batches of an executor with a breaker that opens for two seconds.');
  await payroll.plan(false);
  await queue(payroll, BREAKER_PAYMENTS);
  rows.push(...(await measureBreaker(context, payroll)));

  context.say('Auditing.');
  const { payments } = await payroll.audit();
  rows.push(row('payments recomputed by the audit from the blocks, no finding', payments, ''));
  rows.push({ ...row('a killed storage that holds them, until it is ready again', await recovered(payroll), 's') });
  await context.closeNetwork();

  context.say('BullMQ on Redis.');
  const peer = await measureBullmq(context);
  rows.push(...peerRows(row, peer, whole.rate, executed.rate), ...benchGrowth(context));
  return rows;
}

interface Measured {
  readonly rate: number;
  /** By kind of process, microseconds a payment. */
  readonly cpu: readonly (readonly [string, number])[];
}

/** @param count of what was done; the payments made meanwhile when it is left out */
async function measured(payroll: Payroll, work: () => Promise<void>, count?: number): Promise<Measured> {
  const before = await payroll.paid();
  const meter = startMeter(payroll.network.pids());
  const startedMs = performance.now();
  await work();
  const done = count ?? (await payroll.paid()) - before;
  const tookMs = performance.now() - startedMs;
  const cpu = [...meter.read()].sort(([a], [b]) => a.localeCompare(b)).map(([kind, us]) => [kind, us / done] as const);
  return { rate: (done * 1_000) / tookMs, cpu };
}

/** Imports, approves and executes at the same time, as fast as each goes. */
async function wholeWay(payroll: Payroll, payments: number): Promise<void> {
  const before = await payroll.paid();
  const approve = payroll.approver();
  const approved: Promise<void>[] = [];
  await payroll.import(payments, (digest) => void approved.push(approve(digest)));
  await Promise.all(approved);
  await payroll.until('all are paid', async () => (await payroll.paid()) - before >= payments, PATIENCE_MS);
}

/** Imports and approves; nothing is executed meanwhile. */
async function queue(payroll: Payroll, payments: number): Promise<void> {
  const approve = payroll.approver();
  const approved: Promise<void>[] = [];
  await payroll.import(payments, (digest) => void approved.push(approve(digest)));
  await Promise.all(approved);
  await payroll.until('all are queued', async () => (await payroll.count('voting')) === 0, PATIENCE_MS);
}

/** Until so many are paid, or the time is over. */
async function paidFor(payroll: Payroll, payments: number, ms: number): Promise<void> {
  const before = await payroll.paid();
  const end = performance.now() + ms;
  await payroll.until(
    'they are paid',
    async () => performance.now() >= end || (await payroll.paid()) - before >= payments,
    ms + PATIENCE_MS,
  );
}

async function paidUnderKills(payroll: Payroll, payments: number): Promise<void> {
  const { net } = payroll.network;
  const ended = new AbortController();
  const kills = (async () => {
    for (let i = 0; i < KILLS; i++) {
      await sleep(KILL_EVERY_MS / 2, undefined, { signal: ended.signal });
      await payroll.end(EXECUTOR, 'SIGKILL');
      await net.start(EXECUTOR);
      await sleep(KILL_EVERY_MS / 2, undefined, { signal: ended.signal });
    }
  })().catch((e: unknown) => {
    if (!ended.signal.aborted) throw e;
  });
  await paidFor(payroll, payments, KILLS * KILL_EVERY_MS);
  ended.abort();
  await kills;
}

/** Everything in the block log is executed again. @returns seconds */
async function recovered(payroll: Payroll): Promise<number> {
  const { net } = payroll.network;
  await payroll.end(STORAGE, 'SIGKILL');
  const startedMs = performance.now();
  await net.start(STORAGE);
  const page = `http://127.0.0.1:${net.network.validators[0]?.storage.admin}/readyz`;
  const isReady = () =>
    fetch(page, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  await payroll.until('the storage is ready', isReady, PATIENCE_MS);
  return (performance.now() - startedMs) / 1_000;
}

function peerRows(
  row: (what: string, value: number, unit: string) => Row,
  peer: Awaited<ReturnType<typeof measureBullmq>>,
  whole: number,
  executed: number,
): Row[] {
  if (typeof peer === 'string') return [{ ...row('BullMQ, no-op jobs added and processed', 0, '/s'), value: undefined, why: peer }];
  return [
    { ...row('import, approve, execute, beside BullMQ', whole, '/s'), peer: { value: peer.addAndProcess, what: peer.what } },
    { ...row('approved → executed, beside BullMQ', executed, '/s'), peer: { value: peer.process, what: `${peer.what}, added before` } },
  ];
}

const largest = (pids: ReadonlyMap<number, string>, wanted: string): number =>
  Math.max(...[...pids].filter(([, kind]) => kind === wanted).map(([pid]) => rssOf(pid)));

async function diskOf(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files.filter((f) => f.isFile()).reduce((sum, f) => sum + statSync(join(f.parentPath, f.name)).size, 0);
}
