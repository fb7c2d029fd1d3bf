import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';

const { Point } = ed25519;
export type Point = InstanceType<typeof Point>;
export { Point };
/** Order of the main subgroup. */
export const L = Point.Fn.ORDER;
/** Prime of the field. */
export const P = Point.Fp.ORDER;

export const fromLE = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => n * 256n + BigInt(byte), 0n);
export const toLE = (n: bigint): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 255n));
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
/** noble's multiply wants 1 … L − 1. */
export const times = (point: Point, n: bigint): Point => (n % L === 0n ? Point.ZERO : point.multiply(n % L));
/** k = SHA-512(R ‖ A ‖ M) mod L. */
export const challenge = (r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint =>
  fromLE(new Uint8Array(createHash('sha512').update(r).update(a).update(message).digest())) % L;

/** The rules of ed25519-verify.ts, said a second time on noble's group arithmetic; nothing is shared with what they check. */
export function verifyByTheRules(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false; // rule 1
  const encodedR = signature.slice(0, 32);
  const s = fromLE(signature.slice(32));
  if (s >= L) return false; // rule 2
  let a: Point;
  try {
    a = Point.fromBytes(publicKey, false); // rule 3: refuses y ≥ p and a sign on x = 0
  } catch {
    return false;
  }
  if (a.isSmallOrder()) return false; // rule 4
  const k = challenge(encodedR, publicKey, message);
  const r = times(Point.BASE, s).subtract(timesWhole(a, k));
  if (r.isSmallOrder()) return false; // rule 4, after rule 5 has made R the encoding of this point
  return Buffer.from(encodedR).equals(r.toBytes()); // rule 5
}

/** Double and add over every bit: for points outside the main subgroup n must not be reduced modulo L. */
export function timesWhole(point: Point, n: bigint): Point {
  let sum = Point.ZERO;
  for (const bit of n.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}
