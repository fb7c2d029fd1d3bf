/** Waits for the payments, and kills one validator's consensus process after the first receipts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Devnet } from '../devnet/devnet.ts';
import { countOf, type ImportStatus, importStatus } from '../operations/import-status.ts';
import type { Session } from '../operations/session.ts';
import { DemoFailed } from './demo-failed.ts';
import type { Progress } from './progress.ts';

/** Share of the imported payments that must be approved and unpaid when the process dies: else its death shows nothing. */
const OUTSTANDING_SHARE = 0.3;
const POLL_MS = 60;
const FIRST_RECEIPT_MS = 30_000;
const QUIET_MS = 90_000;
/** How long the killed process stays away: several blocks. */
const AWAY_MS = 700;

export interface UnderFire {
  readonly status: ImportStatus;
  readonly outstandingAtKill: number;
}

const settledCount = (s: ImportStatus): number => countOf(s, 'executed', 'cancelled', 'blocked');
/** Approved, not paid, and not held back. */
const outstanding = (s: ImportStatus): number => countOf(s, 'queued', 'timelocked');

export async function payUnderFire(
  session: Session,
  net: Devnet,
  digest: string,
  victim: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<UnderFire> {
  const until = async (
    done: (s: ImportStatus) => boolean,
    timeoutMs: number,
    failure: (s: ImportStatus) => string,
  ): Promise<ImportStatus> => {
    for (const deadline = Date.now() + timeoutMs; ; await sleep(POLL_MS)) {
      signal.throwIfAborted();
      net.check();
      const status = await importStatus(session, digest);
      progress.update(countOf(status, 'executed'), '');
      if (done(status)) return status;
      if (Date.now() >= deadline) throw new DemoFailed(failure(status), 'treasury-executor');
    }
  };
  const first = await until(
    (s) => countOf(s, 'executed') > 0,
    FIRST_RECEIPT_MS,
    () => 'no payment was made in 30 s after the approvals',
  );
  const left = outstanding(first);
  await net.kill(victim, 'SIGKILL');
  if (left < first.items * OUTSTANDING_SHARE)
    throw new DemoFailed(
      `only ${left} of ${first.items} payments were still to be paid when ${victim} was killed: its death shows nothing`,
      'treasury-executor',
    );
  progress.update(countOf(first, 'executed'), `${victim} killed`);
  await sleep(AWAY_MS, undefined, { signal });
  await net.start(victim);
  const status = await until(
    (s) => settledCount(s) === s.items,
    QUIET_MS,
    (s) => `${s.items - settledCount(s)} payments were neither made nor held back in ${QUIET_MS / 1_000} s: ${JSON.stringify(s.counts)}`,
  );
  return { status, outstandingAtKill: left };
}
