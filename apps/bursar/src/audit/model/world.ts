/** What an audit knows after so many blocks: a small model of its own, by scanning and plain maps, with nothing of the ledger's code. */
import {
  type Change,
  type Digest,
  type DisbursementBody,
  fromHex,
  type Genesis,
  type Hex32,
  type PayeeDetails,
  type TreasuryPolicy,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { keysOf } from './policy-keys.ts';
import type { RollingSum } from './rolling-sum.ts';

export interface Account {
  balance: bigint;
  nonce: bigint;
}
/** A payment, without its memo: 100,000 of them are held at once. */
export interface Item extends Omit<DisbursementBody, 'memo' | 'clientKey' | 'expectedReceipts'> {
  readonly id: Digest;
  readonly bodyHash: Digest;
  /** Sealed imports that hold this body of it. */
  readonly imports: ImportRecord[];
  /** `releases`: who signed to let it go; undefined once it was. */
  hold?: { readonly number: number; releases: Set<Hex32> | undefined };
  state: 'open' | 'paid' | 'cancelled';
}
export interface ImportRecord {
  readonly digest: Digest;
  readonly treasury: Treasury;
  readonly proposer: Hex32;
  readonly approvals: Set<Hex32>;
}
export interface Window {
  readonly scope: 'treasury' | 'payee';
  readonly most: bigint;
  /** By account paid, or '' for all: exactly the window, and one step longer, which the ledger may judge by. */
  readonly sums: Map<string, { readonly exact: RollingSum; readonly long: RollingSum }>;
  readonly lengthMs: number;
}
export interface Treasury {
  readonly id: Digest;
  readonly account: Hex32;
  policy: TreasuryPolicy;
  policyVersion: number;
  windows: readonly Window[];
  readonly payees: Map<string, { readonly version: number; readonly details: PayeeDetails | undefined }>;
  paused: boolean;
  pauses: number;
  readonly resumes: Set<Hex32>;
  totalPaid: bigint;
}
export interface ChangeRecord {
  readonly treasury: Treasury;
  readonly proposer: Hex32;
  readonly version: number;
  readonly change: Change;
  state: 'proposed' | 'approved' | 'over';
  readonly approvals: Set<Hex32>;
  /** When it expires, or counts. */
  time: number;
}
export interface Lease {
  holder: Hex32 | undefined;
  epoch: bigint;
  /** Ledger time; not held from then on. */
  expiresAt: number;
  /** Executed batches by seq, from 1: transaction and canonical result. */
  readonly executed: { readonly transaction: Digest; readonly result: Uint8Array }[];
}

export class World {
  readonly chain: Digest;
  readonly genesis: Genesis;
  height = 0;
  time: number;
  readonly accounts = new Map<Hex32, Account>();
  readonly treasuries = new Map<Digest, Treasury>();
  readonly leases: readonly Lease[];
  readonly items = new Map<Digest, Item>();
  readonly imports = new Map<string, ImportRecord>();
  readonly changes = new Map<Digest, ChangeRecord>();
  /** Chunks as they came, by import and proposer: items by place. */
  readonly chunks = new Map<string, Map<number, readonly DisbursementBody[]>>();
  /** By offender, height and kind: the transaction that told of it, and its result. */
  readonly offences = new Map<string, { readonly transaction: Digest; readonly result: Uint8Array }>();
  readonly validatorKeys: readonly Uint8Array[];
  payments = 0;

  constructor(genesis: Genesis, chain: Digest) {
    this.genesis = genesis;
    this.chain = chain;
    this.time = genesis.time;
    this.validatorKeys = genesis.validators.map((v) => fromHex(v.publicKey));
    this.leases = Array.from({ length: genesis.shards }, () => ({ holder: undefined, epoch: 0n, expiresAt: 0, executed: [] }));
    for (const { id, balance } of genesis.accounts) this.account(id).balance += balance;
    for (const policy of genesis.treasuries) {
      const id = treasuryId(policy.name);
      const account = treasuryAccount(id);
      const windows = policy.limits.windows.map((w) => ({ ...w, sums: new Map() }));
      const rules = { policy, policyVersion: 1, windows, payees: new Map() };
      this.treasuries.set(id, { id, account, ...rules, paused: false, pauses: 0, resumes: new Set(), totalPaid: 0n });
      for (const key of [account, ...keysOf(policy)]) this.account(key);
    }
  }

  /** Found, or opened with nothing in it. */
  account(id: Hex32): Account {
    const known = this.accounts.get(id);
    if (known) return known;
    const opened = { balance: 0n, nonce: 0n };
    this.accounts.set(id, opened);
    return opened;
  }
  move(from: Hex32, to: Hex32, amount: bigint): void {
    this.account(from).balance -= amount;
    this.account(to).balance += amount;
  }
  get supply(): bigint {
    return this.accounts.values().reduce((sum, a) => sum + a.balance, 0n);
  }
}
