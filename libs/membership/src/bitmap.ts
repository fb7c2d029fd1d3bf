/** Sets of validators in canonical bytes: bit i, least significant first, is validator i; always ceil(n / 8) bytes. */

/** @param indices each below `n`. */
export function toBitmap(indices: Iterable<number>, n: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(n / 8));
  for (const i of indices) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7));
  return out;
}

/** The indices, ascending; undefined unless `bitmap` has exactly ceil(n / 8) bytes and no bit at or above `n`. */
export function fromBitmap(bitmap: Uint8Array, n: number): number[] | undefined {
  if (bitmap.length !== Math.ceil(n / 8)) return undefined;
  const out: number[] = [];
  for (let byte = 0; byte < bitmap.length; byte++) {
    const bits = bitmap[byte] as number;
    for (let bit = 0; bit < 8; bit++) if (bits & (1 << bit)) out.push(byte * 8 + bit);
  }
  return (out.at(-1) ?? -1) < n ? out : undefined;
}
