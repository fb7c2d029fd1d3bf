/** The entities of the state, as they stand in memory. Each has a leaf of the state tree at `slot`, given at its creation. */
import type { Evidence, EvidenceKind, GenesisTreasury, Hex32, RejectionName } from '@bursar/protocol';
import type { PaymentWindow } from './payment-window.ts';
import type { SinceList } from './since-list.ts';
import type { Counts } from './status.ts';

export interface Leafed {
  readonly slot: number;
  /** The leaf is to be made anew at the end of the block. */
  dirty: boolean;
}

export interface Account extends Leafed {
  readonly id: Hex32;
  /** Base units. */
  balance: bigint;
  /** The nonce that its next transaction carries. */
  nonce: bigint;
}

export interface Treasury extends Leafed {
  readonly id: Hex32;
  readonly account: Hex32;
  readonly policy: GenesisTreasury;
  readonly proposers: ReadonlySet<Hex32>;
  /** Place of each approver's role. */
  readonly approverRole: ReadonlyMap<Hex32, number>;
  readonly guardians: ReadonlySet<Hex32>;
  readonly executors: ReadonlySet<Hex32>;
  paused: boolean;
  /** Pauses so far. */
  pauseNumber: number;
  /** Guardians who signed to resume the present pause. */
  readonly resumes: Set<Hex32>;
  totalPaid: bigint;
  /** What was paid lately, for each window of the limits. */
  readonly windows: readonly PaymentWindow[];
  readonly counts: Counts;
  /** What may be executed, by shard × 2 + lane. */
  readonly ready: Map<number, SinceList>;
  /** What waits for the balance to rise. */
  readonly funds: SinceList;
  /**
   * A walk through `funds` after the balance rose: where it is, what of the balance, read when it sets out, it has not given away
   * yet, and whether it gave anything.
   */
  wake: { readonly since: number; after: number; left: bigint | undefined; gave: boolean } | undefined;
  /** The balance rose while a walk was under way: walk once more. */
  wakeAgain: boolean;
  /** The last walk gave something away and left others waiting: if what it gave is not used after all, it is their turn. */
  passedOver: boolean;
}

/** One item as it arrived in a chunk. */
export interface StagedItem {
  readonly id: Hex32;
  readonly bodyHash: Hex32;
  /** Canonical body. */
  readonly body: Uint8Array;
  readonly amount: bigint;
  readonly dependsOn: readonly Hex32[];
  readonly leaf: Uint8Array;
}

/** The chunks of one proposer for one import that is not sealed. */
export interface Staging {
  readonly key: string;
  readonly import: Import;
  readonly proposer: Hex32;
  readonly openedAt: number;
  /** By index. */
  readonly chunks: Map<number, { readonly digest: Hex32; readonly items: readonly StagedItem[] }>;
  maxIndex: number;
  items: number;
  bytes: number;
  /** Running digest over the chunks in the order of arrival: stands for them in the state. */
  digest: Hex32;
}

/** Why an import was refused, and where. */
export interface Refusal {
  readonly reason: RejectionName;
  /** Place of the first item that is to blame, from 0. */
  readonly index?: number;
  /** ClientKeyConflict: the fields of the body that differ. */
  readonly fields?: readonly string[];
}

export interface Import extends Leafed {
  readonly number: number;
  readonly digest: Hex32;
  readonly treasury: Treasury;
  /** Who opened it; from the seal on who sealed it. */
  proposer: Hex32;
  state: 'open' | 'sealed' | 'approved' | 'refused';
  /** While it is not sealed: by proposer. */
  readonly stagings: Map<Hex32, Staging>;
  chunks: number;
  /** Numbers of its disbursements in its order, those of earlier imports among them. */
  items: Uint32Array;
  replayed: number;
  total: bigint;
  /** Keys that approved, in order. */
  readonly approvals: Set<Hex32>;
  /** Bits of the policy's bands: those that its items need, and those that have enough approvals. */
  bands: number;
  approvedBands: number;
  /** Items that deferred work has looked at since a band was approved, all of them while there is no such work; `since`: its place in the order of that work. */
  activated: number;
  since: number;
  refusal: Refusal | undefined;
  /** Of the disbursements that belong to it. */
  readonly counts: Counts;
}

/** An executeBatch that was applied: receipts point to it, and it answers the same bytes again. */
export interface Execution {
  readonly number: number;
  readonly transaction: Hex32;
  readonly height: number;
  /** Ledger time of the block, milliseconds. */
  readonly time: number;
  readonly index: number;
  /** How many items it had; `codes` is undefined when each was paid. */
  readonly count: number;
  readonly codes: Uint16Array | undefined;
}

export interface Lease extends Leafed {
  readonly shard: number;
  holder: Hex32 | undefined;
  /** Fencing token: rises with every grant that is no uninterrupted renewal. */
  epoch: bigint;
  /** Ledger time, milliseconds: held while time < expiresAt. */
  expiresAt: number;
  released: boolean;
  nextSeq: bigint;
  /** By seq − 1. */
  readonly executions: Execution[];
  /** Running digest over the transactions of all seqs and their codes. */
  history: Hex32;
}

/** What is proven against a validator, in the order of the blocks (K6). */
export interface Offender extends Leafed {
  readonly validator: number;
  /** By height and kind. */
  readonly offences: Map<string, Offence>;
  /** Running digest over them. */
  history: Hex32;
}
export interface Offence {
  readonly kind: EvidenceKind;
  readonly evidence: Evidence;
  /** Who signed the transaction. */
  readonly reporter: Hex32;
  readonly transaction: Hex32;
  /** Of the block that records it, and the place there. */
  readonly height: number;
  readonly time: number;
  readonly index: number;
}
