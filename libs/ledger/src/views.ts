/** What the ledger tells its readers: copies, so that nobody can change the state through them. */
import {
  type ApprovalPolicy,
  approvalsByRole,
  type Digest,
  type DisbursementBody,
  type Evidence,
  type EvidenceKind,
  type Hex32,
  type RejectionName,
} from '@bursar/protocol';
import type { Import, Lease, Offence, Refusal, Treasury } from './entities.ts';
import type { State } from './state.ts';
import { type Counts, type DisbursementState, Status, stateOf } from './status.ts';

export interface AccountView {
  /** Base units. */
  readonly balance: bigint;
  /** The nonce that the next transaction carries. */
  readonly nonce: bigint;
}

export interface TreasuryView {
  readonly id: Digest;
  readonly name: string;
  /** The account that it pays from, and its balance. */
  readonly account: Hex32;
  readonly balance: bigint;
  readonly proposers: readonly Hex32[];
  readonly approval: ApprovalPolicy;
  readonly limits: { readonly perPayment: bigint; readonly windows: readonly WindowView[] };
  readonly guardians: readonly Hex32[];
  readonly guardianThreshold: number;
  readonly executors: readonly Hex32[];
  readonly paused: boolean;
  /** Pauses so far: a pause names this + 1, a resume names this. */
  readonly pauseNumber: number;
  readonly counts: Counts;
  readonly totalPaid: bigint;
}

export interface WindowView {
  readonly lengthMs: number;
  readonly most: bigint;
  readonly scope: 'treasury' | 'payee';
  /** Paid within it now; 0 when it is counted for each payee. */
  readonly used: bigint;
}

export interface ImportView {
  readonly digest: Digest;
  readonly treasury: Digest;
  readonly proposer: Hex32;
  readonly state: Import['state'];
  /** Chunks received. */
  readonly chunks: number;
  /** Items: received so far while open, then those of the seal. */
  readonly items: number;
  readonly replayed: number;
  readonly total: bigint;
  readonly approvals: readonly Hex32[];
  /** What the amounts of its items need, by band and role; what is missing is shown to who may give it. */
  readonly needs: readonly ApprovalNeed[];
  /** Of the disbursements that belong to it; a replayed one belongs to the import that brought it first, or that was approved. */
  readonly counts: Counts;
  /** Why it was last refused. */
  readonly refusal: Refusal | undefined;
  /** Id of the disbursement at a place, from 0; undefined outside, and before the seal. */
  itemAt(index: number): Digest | undefined;
}

export interface ApprovalNeed {
  /** Largest amount of the band, base units. */
  readonly upTo: bigint;
  readonly role: string;
  readonly needed: number;
  readonly given: number;
}

export interface DisbursementView {
  readonly id: Digest;
  readonly import: Digest;
  readonly index: number;
  readonly body: DisbursementBody;
  readonly bodyHash: Digest;
  readonly state: DisbursementState;
  readonly blocked?: RejectionName;
  /** Height and ledger time (milliseconds) of the block, and the executeBatch transaction that paid. */
  readonly executed?: { readonly height: number; readonly time: number; readonly transaction: Digest };
  /** How often a batch that was applied held it without paying it. */
  readonly attempts: number;
}

export interface LeaseView {
  readonly holder?: Hex32;
  readonly epoch: bigint;
  /** Ledger time, milliseconds. */
  readonly expiresAt: number;
  readonly released: boolean;
  readonly nextSeq: bigint;
}

/** An offence that a block has recorded. */
export interface EvidenceView {
  readonly validator: number;
  readonly kind: EvidenceKind;
  readonly evidence: Evidence;
  /** Key that signed the transaction. */
  readonly reporter: Hex32;
  /** Height and ledger time (milliseconds) of the block, and the transaction in it. */
  readonly recorded: { readonly height: number; readonly time: number; readonly transaction: Digest };
}

export function viewTreasury(s: State, t: Treasury): TreasuryView {
  return {
    ...t.policy,
    id: t.id,
    account: t.account,
    balance: s.books.find(t.account)?.balance ?? 0n,
    paused: t.paused,
    pauseNumber: t.pauseNumber,
    counts: { ...t.counts },
    totalPaid: t.totalPaid,
    limits: {
      perPayment: t.policy.limits.perPayment,
      windows: t.windows.map((w) => ({ lengthMs: w.lengthMs, most: w.most, scope: w.scope, used: w.used('', s.time) })),
    },
  };
}

export function viewImport(s: State, i: Import): ImportView {
  const staging = i.stagings.get(i.proposer);
  return {
    digest: i.digest,
    treasury: i.treasury.id,
    proposer: i.proposer,
    state: i.state,
    chunks: staging ? staging.chunks.size : i.chunks,
    items: staging ? staging.items : i.items.length,
    replayed: i.replayed,
    total: i.total,
    approvals: [...i.approvals],
    needs: needsOf(i),
    counts: { ...i.counts },
    refusal: i.refusal,
    itemAt: (index) => {
      const n = i.items[index];
      return n === undefined ? undefined : s.disbursements.id(n);
    },
  };
}

function needsOf({ treasury, approvals, bands }: Import): ApprovalNeed[] {
  const { approval } = treasury.policy;
  const given = approvalsByRole(approval, treasury.approverRole, approvals);
  return approval.bands.flatMap(({ upTo, needs }, band) =>
    (bands & (1 << band)) === 0
      ? []
      : needs.flatMap((needed, role) =>
          needed === 0 ? [] : [{ upTo, role: approval.roles[role]?.name ?? '', needed, given: given[role] ?? 0 }],
        ),
  );
}

export function viewDisbursement(s: State, n: number): DisbursementView {
  const d = s.disbursements;
  const status = d.statusOf(n);
  const paid = s.executions[(d.execution[n] as number) - 1];
  return {
    id: d.id(n),
    import: s.importOf(n).digest,
    index: d.index[n] as number,
    body: d.body(n),
    bodyHash: d.bodyHash(n),
    state: stateOf(status),
    ...(status === Status.dead && { blocked: 'BlockedByDependency' as const }),
    ...(status === Status.limit && { blocked: 'OverLimit' as const }),
    ...(status === Status.funds && { blocked: 'InsufficientFunds' as const }),
    ...(paid && { executed: { height: paid.height, time: paid.time, transaction: paid.transaction } }),
    attempts: d.attempts[n] as number,
  };
}

export const viewLease = (l: Lease): LeaseView => ({
  ...(l.holder !== undefined && { holder: l.holder }),
  epoch: l.epoch,
  expiresAt: l.expiresAt,
  released: l.released,
  nextSeq: l.nextSeq,
});

export const viewOffence = ({ kind, evidence, reporter, height, time, transaction }: Offence): EvidenceView => ({
  validator: evidence.validator,
  kind,
  evidence,
  reporter,
  recorded: { height, time, transaction },
});
