/** The entities of the state, as they stand in memory. Each has a leaf of the state tree at `slot`, given at its creation. */
import type {
  Evidence,
  EvidenceKind,
  Hex32,
  NumberedPolicy,
  PayeeDetails,
  Change as ProposedChange,
  RejectionName,
  TreasuryPolicy,
} from '@bursar/protocol';
import type { PaymentWindow } from './payment-window.ts';
import type { SinceList } from './since-list.ts';
import type { StagedItems } from './staged-items.ts';
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
  /** In force now; replaced as one, with everything that is made of it. */
  rules: Rules;
  /** Every policy that was ever in force, by its digest: receipts point to them. */
  readonly policies: Map<Hex32, NumberedPolicy>;
  /** By name; those struck off keep their version. */
  readonly payees: Map<string, Payee>;
  /** In the order of their entry. */
  readonly payeeList: Payee[];
  /** Name of the payee that has a reference now. */
  readonly payeeByReference: Map<string, string>;
  /** Changes that are neither in force nor over, in the order of their proposal. */
  readonly openChanges: Set<Change>;
  /** A walk through all imports after a change: the next one, by number, and its place in the order of deferred work. */
  review: { readonly since: number; next: number } | undefined;
  paused: boolean;
  /** Pauses so far. */
  pauseNumber: number;
  /** Guardians who signed to resume the present pause. */
  readonly resumes: Set<Hex32>;
  totalPaid: bigint;
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

/** A policy in force and what is made of it. */
export interface Rules {
  /** 1 in the genesis, one more with each change. */
  readonly version: number;
  readonly policy: TreasuryPolicy;
  readonly digest: Hex32;
  readonly proposers: ReadonlySet<Hex32>;
  /** Place of each approver's role. */
  readonly approverRole: ReadonlyMap<Hex32, number>;
  readonly guardians: ReadonlySet<Hex32>;
  readonly executors: ReadonlySet<Hex32>;
  /** What was paid lately, for each window of the limits. */
  readonly windows: readonly PaymentWindow[];
}

/** Whom the treasury pays: entered, changed and struck off by approved changes alone. */
export interface Payee extends Leafed {
  readonly treasury: Treasury;
  readonly name: string;
  /** Changes so far: a payment names the one that it was made out to. */
  version: number;
  /** Undefined: struck off. */
  details: PayeeDetails | undefined;
}

/** A policy or payee on its way (docs/treasury.md, "Changes"). */
export interface Change extends Leafed {
  /** Id of the transaction that proposed it. */
  readonly id: Hex32;
  readonly treasury: Treasury;
  readonly proposer: Hex32;
  /** Of that transaction: with it and what follows, everybody can make the id anew. */
  readonly nonce: bigint;
  /** Version of what it replaces. */
  readonly version: number;
  readonly change: ProposedChange;
  state: 'proposed' | 'approved' | 'effective' | 'cancelled' | 'expired' | 'overtaken';
  /** Keys that approved, in order. */
  readonly approvals: Set<Hex32>;
  /** Ledger time: when it expires while it is proposed, when it counts once it is approved, else when it ended. */
  time: number;
}

/** Somebody holds a payment back. */
export interface Hold extends Leafed {
  readonly disbursement: Hex32;
  /** Holds of this payment so far: a release names the one it ends. */
  number: number;
  by: Hex32;
  /** Approvers who signed to release it; undefined: it was released. */
  releases: Set<Hex32> | undefined;
}

/** The chunks of one proposer for one import that is not sealed. */
export interface Staging {
  readonly key: string;
  readonly import: Import;
  readonly proposer: Hex32;
  readonly openedAt: number;
  /** By index. */
  readonly chunks: Map<number, { readonly digest: Hex32; readonly items: StagedItems }>;
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
  /** Items whose home is another import that brought the same body: if that one's approvals fail, they may come back. */
  elsewhere: number;
  total: bigint;
  /** Keys that approved, in order. */
  readonly approvals: Set<Hex32>;
  /** Smallest and largest amount among its items: every band from the one to the other is to be approved. */
  least: bigint;
  most: bigint;
  /** What `bandsApproved` found under the policy of that version. */
  approved: { readonly version: number; readonly bands: number } | undefined;
  /** Place in the order of changes at its seal: which of an item's bodies it holds. */
  sealedAt: number;
  /** Items that deferred work has looked at since its approvals changed, all of them while there is no such work; `since`: its place in the order of that work. */
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
