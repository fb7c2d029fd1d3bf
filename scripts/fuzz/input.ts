/** Input number `index` of a target: a function of target, seed and index alone, so that three words repeat any of them. */
import { Random } from '../../libs/simulator/src/world/random.ts';
import { makeInput } from './mutate.ts';
import type { Target } from './target.ts';

/** FNV-1a. */
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (const c of text) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 0x01000193);
  return h >>> 0;
}

export const inputAt = (target: Target, seed: number, index: number): Uint8Array =>
  makeInput(target, new Random((seed + hashOf(target.name)) % Number.MAX_SAFE_INTEGER, index));

/** First input of the episode that `index` is in. */
export const episodeOf = ({ episode = 1 }: Target, index: number): number => index - (index % episode);
