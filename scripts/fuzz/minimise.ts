/** Makes a failing input small: what is left is what matters. */

export interface MinimiseOptions {
  /** Tries in all. */
  readonly tries: number;
  /** Milliseconds in all. */
  readonly ms: number;
  readonly now: () => number;
}

/** @returns the shortest input found for which `fails` holds; it holds for `input` */
export async function minimise(
  input: Uint8Array,
  fails: (candidate: Uint8Array) => Promise<boolean>,
  { tries, ms, now }: MinimiseOptions,
): Promise<Uint8Array> {
  const end = now() + ms;
  let left = tries;
  let best = input;
  const better = async (candidate: Uint8Array): Promise<boolean> => {
    if (left-- <= 0 || now() > end || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  // Chunks out, large ones first; a size that helped is tried again.
  for (let size = best.length; size >= 1 && left > 0; size = Math.floor(size / 2))
    for (let at = 0; at < best.length && left > 0; ) {
      const without = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]));
      if (!(await better(without))) at += size;
    }
  for (let at = 0; at < best.length && left > 0; at++) {
    if (best[at] === 0) continue;
    const zeroed = new Uint8Array(best);
    zeroed[at] = 0;
    await better(zeroed);
  }
  return best;
}
