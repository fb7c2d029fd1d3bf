/** What is to be run: together with the seed it says everything. */
import type { Intensity } from './intensity.ts';

export interface Scenario {
  readonly seed: number;
  readonly validators: number;
  /** Target height. */
  readonly blocks: number;
  /** Default: 1 each. */
  readonly stakes?: readonly number[];
  readonly intensity?: Intensity;
  /** `ed25519` also sends every message through its canonical bytes. */
  readonly signatures?: 'ideal' | 'ed25519';
  /** For mutants: the oracle takes this stake of Prepares for enough, and looks for what follows. */
  readonly fast?: number;
  /** For mutants of the view change: another choice than the oracle's is no violation, only the fork that follows is. */
  readonly forksOnly?: boolean;
  /** Given each event as it happens. */
  readonly print?: (line: string) => void;
}

/** A fault by kind → how often it struck. */
export type FaultCounts = Record<string, number>;

export interface Outcome {
  readonly scenario: Scenario;
  readonly violation: { readonly invariant: string; readonly message: string; readonly safety: boolean } | undefined;
  /** Final blocks at the furthest honest validator. */
  readonly height: number;
  readonly events: number;
  /** Blocks by the path on which they were final first. */
  readonly fast: number;
  readonly slow: number;
  readonly viewChanges: number;
  /** Evidence that honest validators found. */
  readonly accusations: number;
  readonly batches: number;
  readonly faults: FaultCounts;
  readonly rejects: Readonly<Record<string, number>>;
  /** Calls of honest drivers, by kind: where a crash may strike. */
  readonly calls: Readonly<Record<string, number>>;
  /** Virtual milliseconds. */
  readonly virtualMs: number;
  /** Of all that happened. */
  readonly trace: string;
  readonly last: readonly string[];
}
