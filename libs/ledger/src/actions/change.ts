/** Proposing, approving and stopping changes of a treasury (docs/treasury.md, "Changes"). */
import type { ActionOf, Digest, Hex32, RejectionName } from '@bursar/protocol';
import { bounds } from '../bounds.ts';
import { currentVersion, effectiveAt, isApprovedChange, isSound, moveChange } from '../changes.ts';
import type { Change, Treasury } from '../entities.ts';
import type { State } from '../state.ts';

/** The transaction of a proposal. */
interface Proposed {
  readonly id: Digest;
  readonly nonce: bigint;
}

/** By a proposer or an approver; approvers sign for the id, which binds every byte of the change. */
export function proposeChange(s: State, signer: Hex32, a: ActionOf<'proposeChange'>, { id, nonce }: Proposed): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.proposers.has(signer) && !treasury.rules.approverRole.has(signer)) return 'NotAuthorised';
  if (hasNoRoom(treasury, signer)) return 'TooManyChanges';
  if (a.version !== currentVersion(treasury, a)) return 'ChangeStale';
  if (a.change.kind === 'policy') {
    if (s.policyProposers.has(signer)) return 'TooManyChanges';
    s.policyProposers.add(signer);
  }
  if (!isSound(treasury, a)) return 'ChangeInvalid';
  const change: Change = {
    id,
    treasury,
    proposer: signer,
    nonce,
    version: a.version,
    change: a.change,
    state: 'proposed',
    approvals: new Set(),
    time: 0,
    slot: s.tree.newSlot(),
    dirty: false,
  };
  s.changes.set(id, change);
  treasury.openChanges.add(change);
  moveChange(s, change, 'proposed', s.time + bounds.openChangeMs);
  return undefined;
}

function hasNoRoom({ openChanges }: Treasury, signer: Hex32): boolean {
  if (openChanges.size >= bounds.openChanges) return true;
  let mine = 0;
  for (const { proposer } of openChanges) if (proposer === signer) mine += 1;
  return mine >= bounds.openChangesPerProposer;
}

export function approveChange(s: State, signer: Hex32, a: ActionOf<'approveChange'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.approverRole.has(signer)) return 'NotAuthorised';
  const change = s.changes.get(a.change);
  if (change?.treasury !== treasury) return 'ChangeUnknown';
  if (change.state !== 'proposed') return 'ChangeOver';
  if (change.proposer === signer) return 'OwnProposal';
  // Signed again, it counts under a policy that needs less than the one of the first time.
  if (change.approvals.has(signer) && !isApprovedChange(change)) return 'AlreadyApproved';
  change.approvals.add(signer);
  s.touchChange(change);
  if (isApprovedChange(change)) moveChange(s, change, 'approved', effectiveAt(change, s.time));
  return undefined;
}

/** By its proposer, any approver or any guardian, up to the moment at which it counts. */
export function cancelChange(s: State, signer: Hex32, a: ActionOf<'cancelChange'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  const change = s.changes.get(a.change);
  if (change?.treasury !== treasury) return 'ChangeUnknown';
  const { approverRole, guardians } = treasury.rules;
  if (change.proposer !== signer && !approverRole.has(signer) && !guardians.has(signer)) return 'NotAuthorised';
  if (!treasury.openChanges.has(change)) return 'ChangeOver';
  moveChange(s, change, 'cancelled', s.time);
  return undefined;
}
