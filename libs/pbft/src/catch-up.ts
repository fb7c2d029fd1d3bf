/** When others are final where we are not, their certified blocks are fetched (K7). */
import { isFinalKind } from '@bursar/membership';
import type { Block, Certificate } from '@bursar/protocol';
import { decide, matches } from './finalise.ts';
import { bounds } from './state.ts';
import { reject, type Turn } from './turn.ts';
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
  let height = s.decided === undefined ? s.height : s.height + 1;
  while (s.finals.has(height)) height++;
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

export function onFinal(t: Turn, block: Block, certificate: Certificate): void {
  const { s } = t;
  const { height } = certificate;
  witnessCertificate(t, certificate);
  if (height < s.height || (height === s.height && s.decided !== undefined)) return;
  if (!matches(block, certificate, height)) {
    reject(t, 'MalformedMessage', t.params.self, height, certificate.view);
    return;
  }
  if (height === s.height) decide(t, certificate.digest, block, certificate);
  else if (height <= s.height + bounds.finals) s.finals = new Map(s.finals).set(height, { block, certificate });
}

/** The block that catch-up brought ahead of time for the height that just opened. */
export function takeFinal(t: Turn): void {
  const { s } = t;
  if (s.finals.size === 0) return;
  const held = s.finals.get(s.height);
  const finals = new Map(s.finals);
  for (const height of finals.keys()) if (height <= s.height) finals.delete(height);
  s.finals = finals;
  if (held !== undefined && s.decided === undefined) decide(t, held.certificate.digest, held.block, held.certificate);
}
