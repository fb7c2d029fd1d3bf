/** Leases and pauses. */
import type { ActionOf, Hex32 } from '@bursar/protocol';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { Lease, World } from './world.ts';

export const isHeldBy = (lease: Lease, key: Hex32, time: number): boolean => lease.holder === key && time < lease.expiresAt;
const isHeld = (lease: Lease, time: number): boolean => lease.holder !== undefined && time < lease.expiresAt;

export function lease(w: World, signer: Hex32, a: ActionOf<'lease'>): Verdict {
  const found = w.leases[a.shard];
  if (!found) return refused('UnknownShard');
  const isExecutor = w.treasuries.values().some(({ policy }) => policy.executors.includes(signer));
  const mine = isHeldBy(found, signer, w.time);
  const until = w.time + (a.request === 'release' ? 0 : w.genesis.leaseMs);
  return {
    expected: firstOf(
      !isExecutor && 'NotAuthorised',
      a.request === 'acquire' ? isHeld(found, w.time) && !mine && 'LeaseHeld' : !mine && 'Fenced',
    ),
    apply() {
      if (a.request === 'acquire') {
        found.holder = signer;
        found.epoch += 1n;
      }
      found.expiresAt = until;
    },
  };
}

export function pause(w: World, signer: Hex32, a: ActionOf<'pause'>): Verdict {
  const t = w.treasuries.get(a.treasury);
  if (!t) return refused('UnknownTreasury');
  return {
    expected: firstOf(
      !t.policy.guardians.includes(signer) && 'NotAuthorised',
      a.number !== t.pauses + 1 && 'PauseNumberStale',
      t.paused && 'Paused',
    ),
    apply() {
      t.paused = true;
      t.pauses = a.number;
      t.resumes.clear();
    },
  };
}

export function resume(w: World, signer: Hex32, a: ActionOf<'resume'>): Verdict {
  const t = w.treasuries.get(a.treasury);
  if (!t) return refused('UnknownTreasury');
  return {
    expected: firstOf(
      !t.policy.guardians.includes(signer) && 'NotAuthorised',
      (!t.paused || a.number !== t.pauses) && 'PauseNumberStale',
      t.resumes.has(signer) && 'AlreadyApproved',
    ),
    apply() {
      t.resumes.add(signer);
      if (t.resumes.size < t.policy.guardianThreshold) return;
      t.paused = false;
      t.resumes.clear();
    },
  };
}
