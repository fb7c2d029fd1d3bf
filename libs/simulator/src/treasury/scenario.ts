/** What is to be run, and what came of it. */
import type { FaultCounts } from '../world/scenario.ts';

export interface TreasuryScenario {
  readonly seed: number;
  /** Given each event as it happens. */
  readonly print?: (line: string) => void;
}
export interface TreasuryOutcome {
  readonly scenario: TreasuryScenario;
  readonly violation: { readonly invariant: string; readonly message: string; readonly safety: boolean } | undefined;
  readonly blocks: number;
  readonly events: number;
  readonly payments: number;
  /** Batches that were applied. */
  readonly batches: number;
  /** Sendings of executors. */
  readonly sent: number;
  /** Grants of leases. */
  readonly epochs: number;
  readonly faults: FaultCounts;
  /** Refusals of batches and items by the ledger, and endings of batches. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Ledger time from the end of the faults until all was paid, ms. */
  readonly healedMs: number;
  readonly virtualMs: number;
  /** Equal for equal runs. */
  readonly trace: string;
  readonly last: readonly string[];
}
