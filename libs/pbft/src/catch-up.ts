/** When others are final where we are not, their certified blocks go to storage and the engine follows (K7). */
import { isFinalKind } from '@bursar/membership';
import type { Certificate } from '@bursar/protocol';
import { decide } from './finalise.ts';
import { tipOf } from './open-height.ts';
import { openAbove, passHeight } from './over.ts';
import type { Start } from './state.ts';
import { type Turn, toPhase } from './turn.ts';
import { witnessCertificate } from './witness.ts';

/** What a validator says about itself; a lie costs one request per resend interval. */
export function noteFinal(t: Turn, validator: number, height: number): void {
  if (height > (t.s.finalAt[validator] ?? Infinity)) t.s.finalAt = t.s.finalAt.with(validator, height);
}

/** Asks for the blocks from the first that is missing, at most once per resend interval. */
export function catchUp(t: Turn, from: readonly number[]): void {
  const { s, now, params } = t;
  if (now < s.catchUpAt || from.length === 0) return;
  // Whoever asked first, all that are ahead are named: one that lies cannot keep the others' answers away.
  const all = [...new Set([...from, ...aheadOf(t)])];
  const height = s.decided === undefined ? s.height : s.height + 1;
  s.catchUpAt = now + params.resendMs;
  t.effects.push({ type: 'catch-up', height, from: all });
}

/** Those who say that the open height is final. */
export const aheadOf = (t: Turn): number[] => t.s.finalAt.flatMap((height, i) => (height >= t.s.height && i !== t.params.self ? [i] : []));

/** A FinalNotice. Its certificate decides at once what we have voted for; else the block is fetched. */
export function onNotice(t: Turn, from: number, height: number, certificate: Certificate | undefined): void {
  const { s, params } = t;
  if (params.set.validators[from] === undefined) return;
  noteFinal(t, from, height);
  if (certificate !== undefined && takeCertificate(t, certificate)) return;
  if (height > s.height || (height === s.height && s.decided === undefined)) catchUp(t, [from]);
}

/** A valid certificate that a peer showed. @returns whether it makes a block final that is known here. */
export function takeCertificate(t: Turn, certificate: Certificate): boolean {
  const { s } = t;
  witnessCertificate(t, certificate);
  const known = s.known.get(certificate.digest);
  if (known === undefined || s.decided !== undefined || certificate.height !== s.height || !isFinalKind(certificate.kind)) return false;
  decide(t, certificate.digest, known.block, certificate);
  return true;
}

/**
 * Storage holds final blocks of others up to `start`: the height above it opens, as after a restart there. Storage has checked every one
 * of them by certificate, and nothing that was said at a height below is needed any more, except to convict whoever contradicted himself.
 *
 * @param certificates of those blocks, in order
 */
export function onCaughtUp(t: Turn, certificates: readonly Certificate[], start: Start): void {
  const { s } = t;
  if (start.height >= s.height) toPhase(t, 'Idle', 'caught up', 'storage holds the blocks that others made final');
  for (const certificate of certificates) {
    witnessCertificate(t, certificate);
    if (certificate.height === s.height && s.height < start.height) passHeight(t);
  }
  if (start.height < s.height) return;
  if (s.height !== start.height) s.past = [];
  openAbove(t, tipOf(t.params.chain, start));
}
