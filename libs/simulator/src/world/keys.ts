import { type KeyPair, keyPairFromSeed } from '@bursar/crypto';

const made: KeyPair[] = [];

/** Key pair of validator `index`, the same in every run: real ones, as a genesis takes no others. */
export function keyPairOf(index: number): KeyPair {
  const seed = new Uint8Array(32).fill(0x5a);
  new DataView(seed.buffer).setUint16(0, index);
  const pair = made[index] ?? keyPairFromSeed(seed);
  made[index] = pair; // bounded: validators of a set
  return pair;
}
