/**
 * Ids and digests live in memory as 64 lower-case hexadecimal digits: equality is `===`, they key maps, and they stand in
 * logs as they are. On the wire and under hashes they are 32 bytes. Signatures stay bytes.
 */
export type Hex32 = string;
declare const brand: unique symbol;
/** A domain-separated SHA-256, hexadecimal. */
export type Digest = Hex32 & { readonly [brand]?: 'Digest' };

export const ZERO_DIGEST: Digest = '0'.repeat(64);

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

/** Character code → value of the digit, 255 for what is none; for values that may be written in upper case as well. */
const digits = new Uint8Array(128).fill(255);
for (let v = 0; v < 16; v++) for (const c of [v.toString(16), v.toString(16).toUpperCase()]) digits[c.charCodeAt(0)] = v;

/** Puts the bytes of an even number of digits, of either case, into `out` at `at`; false when one is no digit (some may be written). */
export function putHex(out: Uint8Array, at: number, text: string): boolean {
  let bad = 0;
  for (let i = 0; i < text.length; i += 2) {
    const high = digits[text.charCodeAt(i)] ?? 255;
    const low = digits[text.charCodeAt(i + 1)] ?? 255;
    bad |= high | low;
    out[at + (i >> 1)] = (high << 4) | low;
  }
  return bad < 16;
}

const HEX = /^(?:[0-9a-f]{2})*$/;
/** @throws RangeError unless `text` is an even number of lower-case hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new RangeError('expected lower-case hexadecimal digits');
  const out = new Uint8Array(text.length / 2);
  putHex(out, 0, text);
  return out;
}

const HEX32 = /^[0-9a-f]{64}$/;
export const isHex32 = (text: string): text is Hex32 => HEX32.test(text);

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;
