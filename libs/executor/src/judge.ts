/**
 * What the lease after a final block proves about a batch (docs/treasury.md "ExecuteBatch", the order of its checks). Epochs, the seq
 * and ledger time never fall, so a verdict of death holds for ever.
 */

import type { Intent } from './intent.ts';
import type { LeaseAt } from './ports.ts';

/**
 * - `passed`: its seq is used up, by it or by other bytes: the ledger knows which.
 * - `fenced`: its lease epoch is over. - `expired`: past its expires_at. Neither was it executed nor will it ever be.
 * - `open`: it may still be executed.
 */
export type Verdict = 'passed' | 'fenced' | 'expired' | 'open';

export function judge({ batch, signer }: Pick<Intent, 'batch' | 'signer'>, lease: LeaseAt): Verdict {
  if (batch.seq < lease.nextSeq) return 'passed'; // check 2 comes before all others
  if (lease.time > batch.expiresAt) return 'expired'; // 3
  if (lease.epoch > batch.leaseEpoch) return 'fenced'; // 4: epochs only rise
  // A lease that ran out or was given back can only be granted anew, with a higher epoch.
  if (lease.epoch === batch.leaseEpoch && !isHeldBy(lease, signer)) return 'fenced';
  return 'open';
}

export const isHeld = (lease: LeaseAt): boolean => lease.holder !== undefined && !lease.released && lease.time < lease.expiresAt;
export const isHeldBy = (lease: LeaseAt, key: string): boolean => isHeld(lease) && lease.holder === key;
