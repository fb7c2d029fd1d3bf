/** What is to be run: together with the seed it says everything. */
import type { Rules } from '@bursar/pbft';
import type { Intensity } from './profile.ts';

/** A deliberate bug: the campaign must find it. */
export interface Sabotage {
  readonly rules?: Partial<Rules>;
  /** The stake of Prepares from which on `rules.isAll` holds: the oracle takes it for right and looks for what follows. */
  readonly fast?: number;
  /** Disks say that they have synced and have not. */
  readonly lyingDisk?: boolean;
}
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
  readonly sabotage?: Sabotage;
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
  /** Virtual milliseconds. */
  readonly virtualMs: number;
  /** Of all that happened. */
  readonly trace: string;
  readonly last: readonly string[];
}
