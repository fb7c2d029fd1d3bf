import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import type { Lease } from '../entities.ts';
import type { State } from '../state.ts';

/** Held in ledger time: from the grant until just before `expiresAt`. */
export const isHeld = (lease: Lease, time: number): boolean => lease.holder !== undefined && !lease.released && time < lease.expiresAt;

export function lease(s: State, signer: Hex32, a: ActionOf<'lease'>): RejectionName | undefined {
  const found = s.leases[a.shard];
  if (!found) return 'UnknownShard';
  if (![...s.treasuries.values()].some((t) => t.rules.executors.has(signer))) return 'NotAuthorised';
  const mine = isHeld(found, s.time) && found.holder === signer;
  switch (a.request) {
    case 'acquire':
      if (isHeld(found, s.time) && !mine) return 'LeaseHeld';
      // Its own holder gets a new epoch too: a second copy with the same key fences the first.
      found.holder = signer;
      found.epoch += 1n;
      found.released = false;
      found.expiresAt = s.time + s.leaseMs;
      break;
    case 'renew':
      if (!mine) return 'Fenced';
      found.expiresAt = s.time + s.leaseMs;
      break;
    case 'release':
      if (!mine) return 'Fenced';
      found.released = true;
      found.expiresAt = s.time;
  }
  s.touchLease(found);
  return undefined;
}
