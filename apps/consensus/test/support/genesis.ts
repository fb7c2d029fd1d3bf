/** A genesis for tests: n validators with keys 1 … n, and one client with key 100. */

import { type KeyPair, sign } from '@bursar/crypto';
import {
  chainId,
  type Digest,
  encodeTransaction,
  type Genesis,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  toHex,
  transactionHash,
  transactionId,
} from '@bursar/protocol';
import { keysOf } from './cell.ts';

export const CLIENT = 100;
const hexKey = (n: number): string => toHex(keysOf(n).publicKey);

export function testGenesis(n: number): { readonly genesis: Genesis; readonly chain: Digest; readonly keys: readonly KeyPair[] } {
  const keys = Array.from({ length: n }, (_, i) => keysOf(i + 1));
  const genesis: Genesis = {
    version: 1,
    name: 'test',
    incarnation: 0,
    time: 1_790_000_000_000,
    currency: { code: 'EUR', exponent: 2 },
    validators: keys.map((k, i) => ({ name: `v${i}`, publicKey: toHex(k.publicKey), stake: 1n })),
    accounts: [{ id: hexKey(CLIENT), balance: 1_000_000n }],
    treasuries: [
      {
        name: 'main',
        proposers: [hexKey(CLIENT)],
        approval: mOfN([hexKey(101)], 1),
        limits: NO_LIMITS,
        guardians: [hexKey(102)],
        guardianThreshold: 1,
        executors: [hexKey(103)],
        delays: NO_DELAYS,
      },
    ],
    shards: 1,
    leaseMs: 10_000,
    blockIntervalMs: 300,
    viewTimeoutMs: 1_000,
  };
  return { genesis, chain: chainId(genesis), keys };
}

/** A signed transfer of the client. */
export function transfer(
  chain: Digest,
  nonce: bigint,
  by = CLIENT,
): { readonly body: Uint8Array; readonly signature: Uint8Array; readonly id: Digest } {
  const { publicKey, secretKey } = keysOf(by);
  const action = { kind: 'transfer', to: hexKey(104), amount: 1n, memo: '' } as const;
  const body = encodeTransaction({ chain, signer: toHex(publicKey), nonce, action });
  return { body, signature: sign(secretKey, transactionHash(body)), id: transactionId(body) };
}
