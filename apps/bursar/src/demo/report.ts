/** What the demonstration found: as JSON (`--report`) and as a treasurer would put it. */
import type { Genesis } from '@bursar/protocol';
import { line, money, plural } from '../commands/output.ts';
import { visible } from '../visible.ts';
import type { ValidatorRoot } from './state-roots.ts';

export interface HeldPayment {
  readonly id: string;
  readonly clientKey: string;
  readonly reason: string;
  readonly why: string;
}
export interface DemoReport {
  readonly imported: number;
  readonly paid: number;
  readonly held: readonly { readonly id: string; readonly reason: string }[];
  readonly cancelled: number;
  /** Base units. */
  readonly totalPaid: string;
  readonly validators: readonly ValidatorRoot[];
  /** Submit accepted → receipt provable, over the transactions that this program sent. */
  readonly finalityMs: { readonly p50: number; readonly p99: number };
  /**
   * Paid ÷ (last approval sent → last receipt, without the time in which nothing was due). The first batch is sent a moment after
   * that approval is final, so the figure errs on the low side.
   */
  readonly paymentsPerSecond: number;
  /** Time in which everything that was due was paid and the rest waited for its date, ms. */
  readonly scheduledWaitMs: number;
  /** Approved and unpaid when the process was killed. */
  readonly outstandingAtKill: number;
  readonly traceId: string;
  readonly proofFile: string;
  readonly genesisFile: string;
  readonly proofVerified: boolean;
  /** Height of each validator’s blocks, all of which the audit recomputed with nothing to find. */
  readonly audited: Readonly<Record<string, number>>;
  readonly wallSeconds: number;
}

/** The smallest value that at least `share` of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** Time between receipts in which nothing was due: from the last receipt before an instant that payments waited for, to that instant. */
export function scheduledWaitMs(receipts: readonly { readonly dueMs: number; readonly paidMs: number }[], startMs: number): number {
  let wait = 0;
  for (const due of new Set(receipts.map((r) => r.dueMs))) {
    if (due <= startMs) continue;
    const before = receipts.filter((r) => r.dueMs < due);
    const last = Math.max(startMs, ...before.map((r) => r.paidMs));
    if (last < due) wait += due - last;
  }
  return wait;
}

export interface Summary {
  readonly report: DemoReport;
  readonly held: readonly HeldPayment[];
  readonly currency: Genesis['currency'];
  readonly killed: string;
}

export function printSummary({ report: r, held, currency, killed }: Summary): void {
  const height = r.validators[0]?.height ?? 0;
  line();
  line(`Paid ${r.paid} of ${r.imported} payments, ${money(BigInt(r.totalPaid), currency)} in all; each exactly once.`);
  line(`Cancelled: ${r.cancelled}. Held back: ${held.length}.`);
  for (const h of held) line(visible(`  ${h.clientKey}: ${h.why}`));
  line(`${killed} was killed with ${plural(r.outstandingAtKill, 'approved payment')} unpaid, came back and caught up.`);
  line(`All ${r.validators.length} validators hold the same books at height ${height} (root ${r.validators[0]?.stateRoot.slice(0, 16)}…).`);
  line(
    `Final after ${r.finalityMs.p50} ms (p50), ${r.finalityMs.p99} ms (p99); ${r.paymentsPerSecond} payments/s while something was due (waits for dates: ${(r.scheduledWaitMs / 1_000).toFixed(1)} s).`,
  );
  line(`Proof of one payment: ${r.proofFile}, ${r.proofVerified ? 'verified offline' : 'NOT VERIFIED'} against ${r.genesisFile}.`);
  line(`Audit, by a program of its own, of every block of ${Object.keys(r.audited).length} validators: nothing to find.`);
  line(
    `Trace of the import: ${r.traceId}. With OTEL_EXPORTER_OTLP_ENDPOINT set, your collector shows it from the import to every receipt.`,
  );
  line(`${r.wallSeconds} s in all.`);
}
