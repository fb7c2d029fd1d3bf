/** Bytes in a leaf, an inner node and a root. */
export const NODE_BYTES = 32;

/** No tree and no proof has more leaves than this; indexes and counts stay exact as numbers far beyond it. */
export const MAX_LEAVES = 2 ** 32;

/**
 * Levels between a leaf and the top of the smallest perfect tree that holds `leafCount` leaves: ceil(log2(max(1, leafCount))).
 *
 * @throws RangeError unless leafCount is a whole number in 0 … MAX_LEAVES.
 */
export function depthOf(leafCount: number): number {
  if (!Number.isSafeInteger(leafCount) || leafCount < 0 || leafCount > MAX_LEAVES) {
    throw new RangeError(`a leaf count is a whole number from 0 to ${MAX_LEAVES}, not ${leafCount}`);
  }
  let depth = 0;
  // No shifts: they are 32 bits wide and 2^32 is a legal count.
  for (let capacity = 1; capacity < leafCount; capacity *= 2) depth += 1;
  return depth;
}

/** @throws RangeError unless index is a whole number below `end`. */
export function checkIndex(index: number, end: number): void {
  if (!Number.isSafeInteger(index) || index < 0 || index >= end) {
    throw new RangeError(`leaf index ${index} is outside 0 … ${end - 1}`);
  }
}

/** @throws RangeError unless the leaf has 32 bytes. */
export function checkLeaf(leaf: Uint8Array): void {
  if (leaf.byteLength !== NODE_BYTES) throw new RangeError(`a leaf has ${NODE_BYTES} bytes, not ${leaf.byteLength}`);
}
