import { hash } from '@bursar/protocol';

/** Domain of every root: no leaf, inner node or other digest of the protocol is hashed under it. */
export const ROOT_DOMAIN = 'bursar/merkle-root';

/**
 * root = H(domain ‖ leaf count ‖ top), the count as 8 bytes big-endian.
 * The count fixes the depth, so an inner node can never be passed off as a leaf, nor padding as content.
 */
export function sealRoot(leafCount: number, top: Uint8Array): Uint8Array {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(leafCount));
  return hash(ROOT_DOMAIN, count, top);
}
