import { createHash } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hasher = createHash('sha256');
  for (const part of parts) hasher.update(part);
  return new Uint8Array(hasher.digest());
};

/** The definition, as plainly as it can be said: pad to a power of two with zeros, hash pairs, seal with the count. */
export function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = [...leaves];
  while (level.length === 0 || Math.log2(level.length) % 1 !== 0) level.push(new Uint8Array(32));
  while (level.length > 1) level = level.filter((_, i) => i % 2 === 0).map((left, i) => sha256(left, level[2 * i + 1] as Uint8Array));
  const domain = new TextEncoder().encode('bursar/merkle-root');
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(leaves.length));
  return sha256(new Uint8Array([domain.length]), domain, count, level[0] as Uint8Array);
}

/** A leaf that no other number has. */
export const leafOf = (n: number): Uint8Array => sha256(new TextEncoder().encode(`leaf ${n}`));

export const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => leafOf(i));
