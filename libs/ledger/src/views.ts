/** What the ledger tells its readers: copies, so that nobody can change the state through them. */
import {
  approvalsByRole,
  type Digest,
  type DisbursementBody,
  type Evidence,
  type EvidenceKind,
  type Hex32,
  type PayeeDetails,
  type Change as ProposedChange,
  type RejectionName,
  type TreasuryPolicy,
} from '@bursar/protocol';
import { bandRange } from './approvals.ts';
import type { Change, Import, Lease, Offence, Payee, Refusal, Treasury } from './entities.ts';
import { screenedFor } from './standing.ts';
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
  readonly policy: TreasuryPolicy;
  /** A change of the policy names this version. */
  readonly policyVersion: number;
  readonly policyDigest: Digest;
  readonly windows: readonly WindowView[];
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

export interface ChangeView {
  /** That of the transaction that proposed it. */
  readonly id: Digest;
  readonly treasury: Digest;
  readonly proposer: Hex32;
  /** Of the transaction that proposed it: its id can be made anew and compared. */
  readonly nonce: bigint;
  /** Version of what it replaces; 0: a payee that was never entered. */
  readonly version: number;
  readonly change: ProposedChange;
  readonly state: Change['state'];
  readonly approvals: readonly Hex32[];
  readonly needs: readonly ApprovalNeed[];
  /** Ledger time, milliseconds: when it expires while it is proposed, when it counts once it is approved, else when it ended. */
  readonly time: number;
}

export interface PayeeView {
  readonly name: string;
  readonly version: number;
  /** Undefined: struck off. */
  readonly details: PayeeDetails | undefined;
}

export interface DisbursementView {
  readonly id: Digest;
  readonly import: Digest;
  readonly index: number;
  readonly body: DisbursementBody;
  readonly bodyHash: Digest;
  readonly state: DisbursementState;
  readonly blocked?: RejectionName;
  /** Holds of it so far: a hold names this + 1, a release this. `held`: by whom, and the approvers who signed to release it. */
  readonly holdNumber: number;
  readonly held?: { readonly by: Hex32; readonly releases: readonly Hex32[] };
  /** Height and ledger time (milliseconds) of the block, and the executeBatch transaction that paid. */
  readonly executed?: { readonly height: number; readonly time: number; readonly transaction: Digest };
  /** The executed payment that paid it back. */
  readonly reversedBy?: Digest;
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
    id: t.id,
    name: t.rules.policy.name,
    policy: t.rules.policy,
    policyVersion: t.rules.version,
    policyDigest: t.rules.digest,
    account: t.account,
    balance: s.books.find(t.account)?.balance ?? 0n,
    paused: t.paused,
    pauseNumber: t.pauseNumber,
    counts: { ...t.counts },
    totalPaid: t.totalPaid,
    windows: t.rules.windows.map((w) => ({ lengthMs: w.lengthMs, most: w.most, scope: w.scope, used: w.used('', s.time) })),
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
    needs: i.items.length === 0 ? [] : needsOf(i.treasury, i.approvals, bandRange(i)),
    counts: { ...i.counts },
    refusal: i.refusal,
    itemAt: (index) => {
      const n = i.items[index];
      return n === undefined ? undefined : s.disbursements.id(n);
    },
  };
}

function needsOf(t: Treasury, approvals: Iterable<Hex32>, [first, last]: readonly [number, number]): ApprovalNeed[] {
  const { approval } = t.rules.policy;
  const given = approvalsByRole(approval, t.rules.approverRole, approvals);
  return approval.bands
    .slice(first, last + 1)
    .flatMap(({ upTo, needs }) =>
      needs.flatMap((needed, role) =>
        needed === 0 ? [] : [{ upTo, role: approval.roles[role]?.name ?? '', needed, given: given[role] ?? 0 }],
      ),
    );
}

const lastBand = ({ rules }: Treasury): [number, number] => [rules.policy.approval.bands.length - 1, rules.policy.approval.bands.length];

/** A copy of a change for its readers. */
export const viewChange = (c: Change): ChangeView => ({
  id: c.id,
  treasury: c.treasury.id,
  proposer: c.proposer,
  nonce: c.nonce,
  version: c.version,
  change: c.change,
  state: c.state,
  approvals: [...c.approvals],
  needs: needsOf(c.treasury, c.approvals, lastBand(c.treasury)),
  time: c.time,
});
export const viewPayee = ({ name, version, details }: Payee): PayeeView => ({ name, version, details });

export function viewDisbursement(s: State, n: number): DisbursementView {
  const d = s.disbursements;
  const status = d.statusOf(n);
  const hold = s.holds.get(n);
  const reversal = s.reversals.get(n);
  const paid = s.executions[(d.execution[n] as number) - 1];
  return {
    id: d.id(n),
    import: s.importOf(n).digest,
    index: d.index[n] as number,
    body: d.body(n),
    bodyHash: d.bodyHash(n),
    state: stateOf(status),
    ...(status === Status.dead && { blocked: 'BlockedByDependency' as const }),
    ...(status === Status.screening && { blocked: screenedFor(s, n) ?? ('PayeeChanged' as const) }),
    ...(status === Status.limit && { blocked: 'OverLimit' as const }),
    ...(status === Status.funds && { blocked: 'InsufficientFunds' as const }),
    holdNumber: hold?.number ?? 0,
    ...(hold?.releases && { held: { by: hold.by, releases: [...hold.releases] } }),
    ...(paid && { executed: { height: paid.height, time: paid.time, transaction: paid.transaction } }),
    ...(reversal !== undefined && d.status[reversal] === Status.executed && { reversedBy: d.id(reversal) }),
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
