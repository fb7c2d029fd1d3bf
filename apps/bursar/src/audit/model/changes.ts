/** Changes of policies and payees, and holds (docs/treasury.md, "Changes", "Payees", "Holds and revisions"). */
import { isAcceptablePublicKey } from '@bursar/crypto';
import { type ActionOf, type Digest, fromHex, type Hex32, MAX_AMOUNT, policyProblems, type TreasuryPolicy } from '@bursar/protocol';
import { isApprover, sufficient } from './policy.ts';
import { keysOf } from './policy-keys.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { ChangeRecord, Treasury, World } from './world.ts';

const MONTH_MS = 30 * 86_400_000;
const MOST_OPEN = 64;
const MOST_OF_ONE = 16;

const isOpen = ({ state }: ChangeRecord): boolean => state === 'proposed' || state === 'approved';
const openOf = (w: World, treasury: Treasury): ChangeRecord[] =>
  [...w.changes.values()].filter((c) => c.treasury === treasury && isOpen(c));

function versionNow(t: Treasury, { change }: Pick<ChangeRecord, 'change'>): number {
  return change.kind === 'policy' ? t.policyVersion : (t.payees.get(change.name)?.version ?? 0);
}

function mayStand(t: Treasury, { change }: Pick<ChangeRecord, 'change'>): boolean {
  if (change.kind === 'policy') {
    const { policy } = change;
    return policy.name === t.policy.name && [...policyProblems(policy)].length === 0 && keysOf(policy).every(usable);
  }
  const { name, details } = change;
  if (!details) return t.payees.get(name)?.details !== undefined;
  const taken = [...t.payees].some(([other, p]) => other !== name && p.details?.reference === details.reference);
  return name !== '' && (details.reference === '' || !taken);
}
const usable = (key: Hex32): boolean => isAcceptablePublicKey(fromHex(key));

export function proposeChange(w: World, signer: Hex32, a: ActionOf<'proposeChange'>, id: Digest): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  return {
    expected: firstOf(
      !treasury.policy.proposers.includes(signer) && !isApprover(treasury, signer) && 'NotAuthorised',
      openOf(w, treasury).length >= MOST_OPEN && 'TooManyChanges',
      openOf(w, treasury).filter((c) => c.proposer === signer).length >= MOST_OF_ONE && 'TooManyChanges',
      a.version !== versionNow(treasury, a) && 'ChangeStale',
      !mayStand(treasury, a) && 'ChangeInvalid',
    ),
    // The second policy of one proposer in a block; which blocks there are is not followed here.
    tolerated: a.change.kind === 'policy' ? ['TooManyChanges'] : [],
    apply() {
      const { version, change } = a;
      w.changes.set(id, { treasury, proposer: signer, version, change, state: 'proposed', approvals: new Set(), time: w.time + MONTH_MS });
    },
  };
}

export function approveChange(w: World, signer: Hex32, a: ActionOf<'approveChange'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const change = w.changes.get(a.change);
  const isKnown = change?.treasury === treasury;
  return {
    expected: firstOf(
      !isApprover(treasury, signer) && 'NotAuthorised',
      !isKnown && 'ChangeUnknown',
      change?.state !== 'proposed' && 'ChangeOver',
      change?.proposer === signer && 'OwnProposal',
      change?.approvals.has(signer) && !sufficient(treasury, change.approvals, MAX_AMOUNT) && 'AlreadyApproved',
    ),
    apply() {
      if (!change) return;
      change.approvals.add(signer);
      if (!sufficient(treasury, change.approvals, MAX_AMOUNT)) return;
      const { policyMs, payeeMs } = treasury.policy.delays;
      change.state = 'approved';
      change.time = w.time + (change.change.kind === 'policy' ? policyMs : payeeMs);
    },
  };
}

export function cancelChange(w: World, signer: Hex32, a: ActionOf<'cancelChange'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const change = w.changes.get(a.change);
  const may = change?.proposer === signer || isApprover(treasury, signer) || treasury.policy.guardians.includes(signer);
  return {
    expected: firstOf(
      change?.treasury !== treasury && 'ChangeUnknown',
      !may && 'NotAuthorised',
      !(change && isOpen(change)) && 'ChangeOver',
    ),
    apply() {
      if (change) change.state = 'over';
    },
  };
}

/** What has come due by the time of a block, before its transactions: the earliest first, then as they were proposed. */
export function changesDue(w: World): void {
  const due = [...w.changes.values()].filter((c) => isOpen(c) && c.time <= w.time).sort((a, b) => a.time - b.time);
  for (const change of due) {
    const { treasury } = change;
    if (!isOpen(change)) continue;
    if (change.state === 'proposed') change.state = 'over';
    else if (treasury.paused) continue;
    else if (!mayStand(treasury, change)) change.state = 'over';
    else if (!sufficient(treasury, change.approvals, MAX_AMOUNT)) {
      change.state = 'proposed';
      change.time = w.time + MONTH_MS;
    } else replace(w, change);
  }
}

function replace(w: World, change: ChangeRecord): void {
  const { treasury: t, version } = change;
  change.state = 'over';
  if (change.change.kind === 'policy') setPolicy(w, t, change.change.policy);
  else t.payees.set(change.change.name, { version: version + 1, details: change.change.details });
  for (const other of openOf(w, t)) if (other.version !== versionNow(t, other)) other.state = 'over';
}

function setPolicy(w: World, t: Treasury, policy: TreasuryPolicy): void {
  const left = [...t.windows];
  t.windows = policy.limits.windows.map((limit) => {
    const at = left.findIndex((x) => x.lengthMs === limit.lengthMs && x.scope === limit.scope);
    return { ...limit, sums: at < 0 ? new Map() : (left.splice(at, 1)[0]?.sums ?? new Map()) };
  });
  t.policy = policy;
  t.policyVersion += 1;
  for (const key of keysOf(policy)) w.account(key);
}
