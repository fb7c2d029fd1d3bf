/** What the ledger says, as protobuf. Ids become bytes, heights and times become u64. */
import type { ChangeView, DisbursementView, EvidenceView, ImportView, PayeeView, TreasuryView } from '@bursar/ledger';
import {
  change as changeCodec,
  type DisbursementBody,
  disbursementBody,
  encode,
  evidence as evidenceCodec,
  evidenceDigest,
  fromHex,
  numberedPolicy,
  type RejectionName,
  rejections,
  type Severity,
} from '@bursar/protocol';
import { rejection as rpc } from '@bursar/protocol/rpc';
import type { PostingDetail } from '../core/posting-details.ts';
import type { Posting } from '../core/postings.ts';
import type { StoredBlock } from '../core/stored-block.ts';

export const finalHeader = (height: number, { block, certificate }: StoredBlock) => ({ height: BigInt(height), block, certificate });

const counts = (of: Readonly<Record<string, number>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(of).map(([state, n]) => [state, BigInt(n)]));

export const treasuryReply = (t: TreasuryView) => ({
  treasury: fromHex(t.id),
  name: t.name,
  account: fromHex(t.account),
  balance: t.balance,
  proposers: t.policy.proposers.map(fromHex),
  roles: t.policy.approval.roles.map(({ name, keys }) => ({ name, keys: keys.map(fromHex) })),
  bands: [...t.policy.approval.bands],
  paused: t.paused,
  pauseNumber: t.pauseNumber,
  counts: counts(t.counts),
  totalPaid: t.totalPaid,
  perPayment: t.policy.limits.perPayment,
  windows: t.windows.map((w) => ({ ...w, lengthMs: BigInt(w.lengthMs) })),
  guardians: t.policy.guardians.map(fromHex),
  guardianThreshold: t.policy.guardianThreshold,
  executors: t.policy.executors.map(fromHex),
  policyDelayMs: BigInt(t.policy.delays.policyMs),
  payeeDelayMs: BigInt(t.policy.delays.payeeMs),
  policyVersion: t.policyVersion,
  policy: encode(numberedPolicy, { treasury: t.id, version: t.policyVersion, policy: t.policy }),
  policyDigest: fromHex(t.policyDigest),
});

export const changeReply = (c: ChangeView) => ({
  id: fromHex(c.id),
  treasury: fromHex(c.treasury),
  proposer: fromHex(c.proposer),
  nonce: c.nonce,
  version: c.version,
  change: encode(changeCodec, c.change),
  state: c.state,
  approvals: c.approvals.map(fromHex),
  needs: [...c.needs],
  timeMs: BigInt(c.time),
});

export const payeeReply = ({ name, version, details }: PayeeView) => ({
  name,
  version,
  active: details !== undefined,
  reference: details?.reference ?? '',
  account: details ? fromHex(details.account) : new Uint8Array(),
});

export const importReply = (i: ImportView) => ({
  import: fromHex(i.digest),
  treasury: fromHex(i.treasury),
  proposer: fromHex(i.proposer),
  state: i.state,
  chunks: i.chunks,
  items: i.items,
  replayed: i.replayed,
  total: i.total,
  approvals: i.approvals.map(fromHex),
  needs: [...i.needs],
  counts: counts(i.counts),
});

export const disbursementReply = (d: DisbursementView, traceparent: string) => ({
  id: fromHex(d.id),
  import: fromHex(d.import),
  index: d.index,
  body: encode(disbursementBody, d.body),
  bodyHash: fromHex(d.bodyHash),
  clientKey: d.body.clientKey,
  destination: fromHex(d.body.destination),
  amount: d.body.amount,
  lane: d.body.lane,
  notBeforeMs: BigInt(d.body.notBefore),
  dependsOn: d.body.dependsOn.map(fromHex),
  memo: d.body.memo,
  state: d.state,
  ...(d.blocked === undefined ? {} : { blocked: rejectionReply(d.blocked) }),
  ...(d.executed === undefined
    ? {}
    : {
        executedHeight: BigInt(d.executed.height),
        executedTimeMs: BigInt(d.executed.time),
        transactionId: fromHex(d.executed.transaction),
      }),
  traceparent,
  attempts: d.attempts,
  payee: d.body.payee?.name ?? '',
  payeeVersion: d.body.payee?.version ?? 0,
  expectedReceipts: d.body.expectedReceipts,
  revision: d.body.revision,
  holdNumber: d.holdNumber,
  heldBy: d.held ? fromHex(d.held.by) : new Uint8Array(),
  releases: (d.held?.releases ?? []).map(fromHex),
  reverses: d.body.reverses === undefined ? new Uint8Array() : fromHex(d.body.reverses),
  reversedBy: d.reversedBy === undefined ? new Uint8Array() : fromHex(d.reversedBy),
});

export const postingReply = (
  { height, index, credit, amount, balance }: Posting,
  { counterparty, transaction, payment, memo }: PostingDetail,
  more: { readonly number: number; readonly timeMs: number; readonly paid: DisbursementBody | undefined },
) => ({
  number: BigInt(more.number),
  height: BigInt(height),
  timeMs: BigInt(more.timeMs),
  index,
  credit,
  amount,
  balance,
  counterparty: fromHex(counterparty),
  transactionId: fromHex(transaction),
  memo: memo ?? more.paid?.memo ?? '',
  ...(payment === undefined
    ? {}
    : {
        payment: {
          disbursement: fromHex(payment.disbursement),
          import: fromHex(payment.import),
          clientKey: more.paid?.clientKey ?? '',
        },
      }),
});

export const evidenceReply = ({ validator, kind, evidence, reporter, recorded }: EvidenceView) => ({
  validator,
  height: BigInt(evidence.height),
  kind,
  digest: fromHex(evidenceDigest(evidence)),
  canonical: encode(evidenceCodec, evidence),
  reporter: fromHex(reporter),
  transactionId: fromHex(recorded.transaction),
  recordedHeight: BigInt(recorded.height),
  recordedTimeMs: BigInt(recorded.time),
});

const SEVERITIES: Readonly<Record<Severity, rpc.Severity>> = {
  low: rpc.Severity.LOW,
  medium: rpc.Severity.MEDIUM,
  high: rpc.Severity.HIGH,
  critical: rpc.Severity.CRITICAL,
};

function rejectionReply(of: RejectionName) {
  const { code, name, severity, reason, remedy } = rejections[of];
  return { code, name, severity: SEVERITIES[severity], reason, correctiveAction: remedy };
}
