/** Changes of the treasury's policy and payees: read, proposed, approved, stopped. */
import { buildChange, buildChangeApproval, buildChangeCancel, type ClientKey, type Settled } from '@bursar/client';
import { type Change, change, type Digest, decode, encodeTransaction, fromHex, toHex, transactionId } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { errorFrom, rejection } from '@bursar/shared-core';
import type { ApprovalNeed } from './import-status.ts';
import { author } from './pay.ts';
import { policyOf, type Session, settleOwn } from './session.ts';

export interface OpenChange {
  readonly id: Digest;
  readonly proposer: string;
  readonly version: number;
  readonly change: Change;
  readonly state: string;
  readonly approvals: readonly string[];
  readonly needs: readonly ApprovalNeed[];
  /** Ledger time, ms: when it expires, or counts, or ended. */
  readonly time: number;
}

/** @throws ProofInvalid when the id, which approvers sign, is not that of what is shown */
function openChange({ chain, treasury }: Session, c: ledger.Change): OpenChange {
  const [id, proposer, shown] = [toHex(c.id), toHex(c.proposer), decode(change, c.change)];
  const action = { kind: 'proposeChange', treasury: treasury.id, version: c.version, change: shown } as const;
  if (transactionId(encodeTransaction({ chain, signer: proposer, nonce: c.nonce, action })) !== id)
    throw rejection('ProofInvalid', `the validator showed a change that does not have the id ${id}`, {
      remedy: 'Ask another validator, and report the one that answered.',
    });
  return { id, proposer, version: c.version, change: shown, ...moments(c) };
}
const moments = (c: ledger.Change) => ({
  state: c.state,
  approvals: c.approvals.map(toHex),
  needs: c.needs,
  time: Number(c.timeMs),
});

export async function openChanges(session: Session): Promise<OpenChange[]> {
  const { connection, treasury } = session;
  const { changes } = await connection.read((l) => l.listChanges({ treasury: fromHex(treasury.id) }));
  return changes.map((c) => openChange(session, c));
}

/** @throws ChangeUnknown */
export async function changeOf(session: Session, id: Digest): Promise<OpenChange> {
  const { change: found } = await session.connection.read((l) => l.getChange({ change: fromHex(id) }));
  if (!found) throw rejection('ChangeUnknown', undefined, { details: { id } });
  return openChange(session, found);
}

/** Undefined: never entered. */
export async function payeeOf({ connection, treasury }: Session, by: { readonly name: string } | { readonly reference: string }) {
  try {
    const { payee } = await connection.read((l) => l.getPayee({ treasury: fromHex(treasury.id), ...by }));
    return payee;
  } catch (e) {
    if (errorFrom(e).reason === 'PAYEE_UNKNOWN') return undefined;
    throw e;
  }
}

/** Of the version that is in force now. */
export async function propose(session: Session, key: ClientKey, made: Change): Promise<Settled> {
  const version =
    made.kind === 'policy' ? (await policyOf(session)).version : ((await payeeOf(session, { name: made.name }))?.version ?? 0);
  return settleOwn(session, key, (nonce) => buildChange(author(session, key, nonce), session.treasury.id, version, made));
}
export const approveChange = (session: Session, key: ClientKey, id: Digest): Promise<Settled> =>
  settleOwn(session, key, (nonce) => buildChangeApproval(author(session, key, nonce), session.treasury.id, id));
export const cancelChange = (session: Session, key: ClientKey, id: Digest): Promise<Settled> =>
  settleOwn(session, key, (nonce) => buildChangeCancel(author(session, key, nonce), session.treasury.id, id));
