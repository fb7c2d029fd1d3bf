import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import type { State } from '../state.ts';

/** Any one guardian pauses; the number is that of the pause it opens, so that an old signature opens nothing. */
export function pause(s: State, signer: Hex32, a: ActionOf<'pause'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.guardians.has(signer)) return 'NotAuthorised';
  if (a.number !== treasury.pauseNumber + 1) return 'PauseNumberStale';
  if (treasury.paused) return 'Paused';
  treasury.paused = true;
  treasury.pauseNumber = a.number;
  treasury.resumes.clear();
  s.touchTreasury(treasury);
  return undefined;
}

/** Guardians resume together; the number is that of the pause it closes. */
export function resume(s: State, signer: Hex32, a: ActionOf<'resume'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.guardians.has(signer)) return 'NotAuthorised';
  if (!treasury.paused || a.number !== treasury.pauseNumber) return 'PauseNumberStale';
  if (treasury.resumes.has(signer)) return 'AlreadyApproved';
  treasury.resumes.add(signer);
  if (treasury.resumes.size >= treasury.rules.policy.guardianThreshold) {
    treasury.paused = false;
    treasury.resumes.clear();
  }
  s.touchTreasury(treasury);
  return undefined;
}
