/** Holding one payment back and letting it go (docs/treasury.md, "Holds"). */
import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import { suffice } from '../approvals.ts';
import type { Hold, Treasury } from '../entities.ts';
import type { State } from '../state.ts';
import { Status } from '../status.ts';
import { queue } from '../transitions.ts';

function find(s: State, a: ActionOf<'hold' | 'release'>): { treasury: Treasury; n: number } | RejectionName {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  const n = s.disbursements.find(a.disbursement);
  if (n === undefined || s.importOf(n).treasury !== treasury) return 'UnknownDisbursement';
  const status = s.disbursements.statusOf(n);
  if (status === Status.executed) return 'AlreadyExecuted';
  return status === Status.cancelled ? 'AlreadyCancelled' : { treasury, n };
}

/** By its proposer, any approver or any guardian alone; the number is that of the hold it opens, so that an old signature holds nothing. */
export function hold(s: State, signer: Hex32, a: ActionOf<'hold'>): RejectionName | undefined {
  const found = find(s, a);
  if (typeof found === 'string') return found;
  const { treasury, n } = found;
  const { approverRole, guardians } = treasury.rules;
  if (s.importOf(n).proposer !== signer && !approverRole.has(signer) && !guardians.has(signer)) return 'NotAuthorised';
  const known = s.holds.get(n);
  if (a.number !== (known?.number ?? 0) + 1) return 'HoldNumberStale';
  if (known?.releases) return 'Held';
  const held: Hold = known ?? {
    disbursement: a.disbursement,
    number: 0,
    by: signer,
    releases: undefined,
    slot: s.tree.newSlot(),
    dirty: false,
  };
  s.holds.set(n, held);
  held.number = a.number;
  held.by = signer;
  held.releases = new Set();
  s.touchHold(held);
  sortOut(s, n);
  return undefined;
}

/** Approvers let it go together, as many of each role as approve a payment of its amount; the number is that of the hold. Whoever proposed it does not. */
export function release(s: State, signer: Hex32, a: ActionOf<'release'>): RejectionName | undefined {
  const found = find(s, a);
  if (typeof found === 'string') return found;
  const { treasury, n } = found;
  if (!treasury.rules.approverRole.has(signer)) return 'NotAuthorised';
  const held = s.holds.get(n);
  if (!held?.releases || a.number !== held.number) return 'HoldNumberStale';
  if (s.importOf(n).proposer === signer) return 'OwnProposal';
  const isRepeated = held.releases.has(signer);
  held.releases.add(signer);
  if (suffice(treasury, held.releases, s.disbursements.amount(n))) held.releases = undefined;
  else if (isRepeated) return 'AlreadyApproved'; // not under a policy that needs less than the one of the first time
  s.touchHold(held);
  if (!held.releases) sortOut(s, n);
  return undefined;
}

/** Into the ready list or out of it; whatever waits for something else is looked at when that has come. */
function sortOut(s: State, n: number): void {
  const status = s.disbursements.statusOf(n);
  if (status === Status.ready || status === Status.funds || status === Status.limit || status === Status.screening) queue(s, n);
}
