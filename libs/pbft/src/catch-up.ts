/** When others are final where we are not, their certified blocks go to storage (K7); the engine follows by `onCaughtUp`. */
import { isFinalKind } from '@bursar/membership';
import type { Certificate } from '@bursar/protocol';
import { decide } from './finalise.ts';
import type { Turn } from './turn.ts';
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
