import { keyPairFromSeed, type Verifier } from '@bursar/crypto';
import { genesisSet, startSchedule, type ValidatorSet } from '@bursar/membership';
import { chainId, type Digest, type Genesis, toHex, type Vote, voteHash } from '@bursar/protocol';
import type { Params, Start } from '../../src/index.ts';

export const genesisOf = (stakes: readonly bigint[]): Genesis => ({
  version: 1,
  name: 'test',
  incarnation: 0,
  time: 1_000_000,
  currency: { code: 'EUR', exponent: 2 },
  validators: stakes.map((stake, i) => ({
    name: `v${i}`,
    publicKey: toHex(keyPairFromSeed(new Uint8Array(32).fill(i + 1)).publicKey),
    stake,
  })),
  accounts: [],
  treasuries: [],
  shards: 1,
  leaseMs: 5000,
  blockIntervalMs: 1000,
  viewTimeoutMs: 2000,
});

/** A signature that anyone can compute: the tests never forge by accident. */
export const fakeSignature = (validator: number, vote: Vote): Uint8Array => {
  const out = new Uint8Array(64);
  out.set(voteHash(vote));
  out[32] = validator;
  return out;
};
export const fakeVerifier = (set: ValidatorSet): Verifier => ({
  verify: (key, message, signature) => {
    const signer = set.validators[signature[32] as number];
    return signer?.publicKey === toHex(key) && toHex(message) === toHex(signature.subarray(0, 32));
  },
});

export interface World {
  readonly chain: Digest;
  readonly set: ValidatorSet;
  readonly start: Start;
  params(self: number, change?: Partial<Params>): Params;
}

export function worldOf(stakes: readonly bigint[]): World {
  const genesis = genesisOf(stakes);
  const chain = chainId(genesis);
  const set = genesisSet(genesis);
  const start: Start = {
    height: 0,
    header: undefined,
    certificate: undefined,
    stateRoot: 'a'.repeat(64),
    resultsRoot: 'b'.repeat(64),
    time: genesis.time,
    nextBatch: stakes.map(() => 1),
    schedule: startSchedule(chain),
  };
  return {
    chain,
    set,
    start,
    params: (self, change) => ({
      chain,
      set,
      self,
      blockIntervalMs: 1000,
      viewTimeoutMs: 2000,
      resendMs: 500,
      clockToleranceMs: 5000,
      ...change,
    }),
  };
}
export const equalStakes = (n: number): bigint[] => new Array(n).fill(1n);
