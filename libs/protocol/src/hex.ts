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

const HEX = /^(?:[0-9a-f]{2})*$/;
/** @throws RangeError unless `text` is an even number of lower-case hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new RangeError('expected lower-case hexadecimal digits');
  return new Uint8Array(Buffer.from(text, 'hex'));
}

const HEX32 = /^[0-9a-f]{64}$/;
export const isHex32 = (text: string): text is Hex32 => HEX32.test(text);

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;
