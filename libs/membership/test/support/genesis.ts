import { keyPairFromSeed } from '@bursar/crypto';
import { type Genesis, toHex } from '@bursar/protocol';

export const keysOf = (i: number) => keyPairFromSeed(new Uint8Array(32).fill(i + 1));

/** A genesis with validators of these stakes; everything else is of no matter here. */
export const genesisOf = (stakes: readonly (bigint | number)[]): Genesis => ({
  version: 1,
  name: 'test',
  incarnation: 0,
  time: 1_000,
  currency: { code: 'EUR', exponent: 2 },
  validators: stakes.map((stake, i) => ({ name: `v${i}`, publicKey: toHex(keysOf(i).publicKey), stake: BigInt(stake) })),
  accounts: [],
  treasuries: [],
  shards: 1,
  leaseMs: 5_000,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 2_000,
});
