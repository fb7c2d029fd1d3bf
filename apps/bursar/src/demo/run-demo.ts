/** The demonstration that `npm start` runs: from nothing to a payment that is proved offline. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readKeyFile } from '@bursar/client';
import { type Digest, parseAmount, toHex } from '@bursar/protocol';
import { messageOf } from '@bursar/shared-core';
import { printAddresses } from '../commands/devnet-commands.ts';
import { line, money, plural } from '../commands/output.ts';
import { proofText } from '../commands/proof-commands.ts';
import { surroundings } from '../config.ts';
import { type Devnet, logTail, openDevnet } from '../devnet/devnet.ts';
import { findPrograms } from '../devnet/programs.ts';
import { serviceName } from '../devnet/services.ts';
import { networkFailed, usage } from '../errors.ts';
import { listPayments } from '../operations/import-status.ts';
import { approve, cancel, fund, importFile, paymentId } from '../operations/pay.ts';
import { openSession, type Session } from '../operations/session.ts';
import { withTelemetry, withTrace } from '../operations/trace.ts';
import { followBlocks } from './block-follower.ts';
import { DemoFailed } from './demo-failed.ts';
import { startFinalityProbe } from './finality-probe.ts';
import { payUnderFire } from './pay-under-fire.ts';
import { startProgress } from './progress.ts';
import { type DemoReport, type HeldPayment, percentile, printSummary, type Summary, scheduledWaitMs } from './report.ts';
import { separately } from './separately.ts';
import { commonRoots } from './state-roots.ts';

export interface DemoOptions {
  readonly dir: string;
  readonly file: string;
  readonly report?: string;
  readonly keep?: boolean;
}

/** Enough for every line of examples/payroll.csv but the one that is beyond it. */
const FUNDS = '2500000.00';
/** The invoice that is cancelled; the expenses that depend on it are then held back. */
const CANCELLED = '2026-11/invoice/CTR-007';
const READY_MS = 90_000;
const VICTIM = 3;

type Unverified = Omit<DemoReport, 'proofVerified' | 'audited' | 'wallSeconds'>;
interface Outcome {
  readonly report: Unverified;
  readonly summary: Omit<Summary, 'report'>;
}

export async function runDemo(options: DemoOptions): Promise<void> {
  const startedMs = performance.now();
  const { root, isTty, ...rest } = surroundings();
  const programs = await findPrograms({ root, isTty, ...rest });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal).once('SIGHUP', onSignal);
  line('Starting one NATS server, four validators and an executor.');
  const net = await openDevnet({ dir: options.dir, programs, attached: true, anew: true });
  const onExit = () => net.abandon();
  process.once('exit', onExit);
  try {
    await net.startAll();
    const { report, summary } = await withTelemetry(() => onNetwork(net, options.file, isTty, stop.signal));
    if (!options.keep) await net.stopAll();
    line(`${options.keep ? '' : 'Everything is stopped. '}Verifying the proof and auditing the blocks, each in a new process.`);
    const { heights } = await checkSeparately(root, net, report);
    const whole: DemoReport = {
      ...report,
      proofVerified: true,
      audited: heights,
      wallSeconds: Math.round(performance.now() - startedMs) / 1_000,
    };
    printSummary({ ...summary, report: whole });
    if (options.report !== undefined) writeReport(options.report, whole);
    if (options.keep) await keepUp(net, stop.signal);
  } catch (e) {
    if (stop.signal.aborted) process.exitCode = 130;
    else throw explained(net, e);
  } finally {
    await net.stopAll();
    process.off('exit', onExit).off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
  }
  if (stop.signal.aborted && !options.keep) line('Interrupted; everything is stopped.');
}

async function onNetwork(net: Devnet, file: string, isTty: boolean, signal: AbortSignal): Promise<Outcome> {
  await net.waitReady(READY_MS, signal);
  const session = openSession(net.at.genesis, net.network);
  const follower = followBlocks(session.connection, 1);
  try {
    return await payroll(net, session, follower, file, isTty, signal);
  } finally {
    await follower.stop();
    session.connection.close();
  }
}

async function payroll(
  net: Devnet,
  session: Session,
  follower: ReturnType<typeof followBlocks>,
  file: string,
  isTty: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const { currency } = session.genesis;
  const client = readKeyFile(net.at.clientKey);
  const funds = parseAmount(FUNDS, currency.exponent) ?? 0n;
  const funded = await fund(session, client, funds);
  line(`Funded treasury ${session.treasury.name} with ${money(funds, currency)}.`);
  const { built, rows, settled, approvingMs, traceId } = await withTrace('payroll', (id) => order(net, session, file, id));

  const victim = serviceName(VICTIM, 'consensus');
  const progress = startProgress(rows.length, isTty);
  const probe = startFinalityProbe(session, client);
  const fire = await payUnderFire(session, net, built.import, victim, progress, signal)
    .catch((e) => {
      probe.abandon();
      throw e;
    })
    .finally(() => progress.stop());
  const probed = await probe.stop();
  line('All that can be paid is paid. Comparing the validators.');
  const names = session.genesis.validators.map((v) => v.name);
  const validators = await commonRoots(session.connection, names, fire.status.height, 30_000);

  const all = await listPayments(session, built.import);
  const paid = all.filter((d) => d.state === 'executed');
  const held = all
    .filter((d) => d.state === 'blocked')
    .map(
      (d): HeldPayment => ({ id: toHex(d.id), clientKey: d.clientKey, reason: d.blocked?.name ?? 'unknown', why: d.blocked?.reason ?? '' }),
    );
  if (all.length !== rows.length)
    throw new DemoFailed(`${rows.length} payments were imported, the ledger lists ${all.length}`, 'validator-0-storage');
  await awaitReceipts(
    follower,
    paid.map((d) => toHex(d.id)),
  );
  const shown = paid.find((d) => d.clientKey.includes('/bonus/')) ?? paid[0];
  if (!shown) throw new DemoFailed('nothing was paid', 'treasury-executor');
  const proofFile = join(net.at.dir, 'proof.json');
  writeFileSync(proofFile, await proofText(session, toHex(shown.id)));
  const genesisFile = join(net.at.dir, 'published', 'genesis.json'); // the verifier's copy, apart from the proof
  mkdirSync(join(net.at.dir, 'published'), { recursive: true });
  copyFileSync(net.at.genesis, genesisFile);

  const own = [...probed, ...[funded, ...settled].flatMap((s) => (s.finalityMs === undefined ? [] : [s.finalityMs]))];
  const speed = speedOf(paid, follower, approvingMs);
  return {
    report: {
      imported: all.length,
      paid: paid.length,
      held: held.map(({ id, reason }) => ({ id, reason })),
      cancelled: all.filter((d) => d.state === 'cancelled').length,
      totalPaid: paid.reduce((sum, d) => sum + d.amount, 0n).toString(),
      validators,
      finalityMs: { p50: Math.round(percentile(own, 0.5)), p99: Math.round(percentile(own, 0.99)) },
      ...speed,
      outstandingAtKill: fire.outstandingAtKill,
      traceId,
      proofFile,
      genesisFile,
    },
    summary: { held, currency, killed: victim },
  };
}

/** Import, one cancellation, two approvals: one trace, in which the receipts will stand as well. */
async function order(net: Devnet, session: Session, file: string, traceId: string) {
  const client = readKeyFile(net.at.clientKey);
  const { built, rows, settled } = await importFile(session, client, file);
  line(`Imported ${plural(rows.length, 'payment')} of ${money(built.total, session.genesis.currency)} in all.`);
  const cancelled = await cancel(session, client, paymentId(session, CANCELLED));
  line(`Cancelled ${CANCELLED}.`);
  const first = await approve(session, readKeyFile(net.at.approverKey(1)), built.import);
  const approvingMs = performance.now();
  const second = await approve(session, readKeyFile(net.at.approverKey(2)), built.import);
  line('Approved by two people.');
  return { built, rows, approvingMs, traceId, settled: [...settled, cancelled, first, second] };
}

const RECEIPTS_MS = 10_000;

/** Waits until every receipt is provable. @throws DemoFailed */
async function awaitReceipts({ receipts }: ReturnType<typeof followBlocks>, paid: readonly Digest[]): Promise<void> {
  const missing = () => paid.find((id) => !receipts.has(id));
  for (const deadline = Date.now() + RECEIPTS_MS; missing() !== undefined && Date.now() < deadline; ) await sleep(40);
  const id = missing();
  if (id !== undefined) throw new DemoFailed(`payment ${id} counts as paid and has no receipt`, 'validator-0-storage');
}

/** By programs that know nothing of this one: the proof of one payment, and all blocks of all validators. @throws DemoFailed */
async function checkSeparately(root: string, net: Devnet, { proofFile, genesisFile, totalPaid }: Unverified) {
  await separately(root, ['verify', proofFile, '--genesis', genesisFile], 'the proof does not verify');
  const text = await separately(root, ['audit', '--dir', net.at.dir, '--at-rest', '--json'], 'the audit found something');
  const audited = JSON.parse(text) as { heights: Record<string, number>; paid: string };
  if (audited.paid !== totalPaid)
    throw new DemoFailed(`the ledger says that it paid ${totalPaid}, its blocks ${audited.paid}`, 'validator-0-storage');
  return audited;
}

function speedOf(paid: Awaited<ReturnType<typeof listPayments>>, follower: ReturnType<typeof followBlocks>, startMs: number) {
  const toWall = Date.now() - performance.now();
  const seen = paid.flatMap((d) => {
    const r = follower.receipts.get(toHex(d.id));
    return r ? [{ dueMs: Number(d.notBeforeMs), paidMs: r.provableMs + toWall }] : [];
  });
  const start = startMs + toWall;
  const wait = scheduledWaitMs(seen, start);
  const busy = Math.max(1, ...seen.map((s) => s.paidMs)) - start - wait;
  return { paymentsPerSecond: Math.round((seen.length * 10_000) / Math.max(1, busy)) / 10, scheduledWaitMs: Math.round(wait) };
}

function writeReport(path: string, report: DemoReport): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  } catch (e) {
    throw usage(`cannot write the report ${path}: ${messageOf(e)}`, 'Name a file in a folder that you may write.');
  }
}

async function keepUp(net: Devnet, signal: AbortSignal): Promise<void> {
  line('\nThe network stays up until Ctrl-C:');
  printAddresses(net.at, net.network);
  while (!signal.aborted) {
    net.check();
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}

/** A failure with the log that explains it. */
function explained(net: Devnet, e: unknown): unknown {
  if (!(e instanceof DemoFailed)) return e;
  try {
    net.check(); // a process that died explains more than what missed it
  } catch (dead) {
    return dead;
  }
  return networkFailed(e.message, 'Read the log named above; "npm start" begins anew.', logTail(net, e.process));
}
