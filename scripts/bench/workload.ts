/** What every throughput figure is measured with: signed transfers with a 250-byte payload, from many accounts, signed before the clock starts. */
import { nextNonce } from '../../apps/bursar/src/operations/session.ts';
import {
  buildTransfer,
  type ClientKey,
  keyFromSeed,
  readKeyFile,
  type Signed,
  settleMany,
  signTransaction,
} from '../../libs/client/src/index.ts';
import type { Digest } from '../../libs/protocol/src/index.ts';
import type { BenchNetwork } from './network.ts';

const PAYLOAD = 'x'.repeat(250);

export const benchAccounts = (count: number, name: string): ClientKey[] =>
  Array.from({ length: count }, (_, i) => keyFromSeed(Buffer.alloc(32, `bench ${name} ${i} `)));

/** `count` transfers of one account in the order of their nonces. */
export function signTransfers(chain: Digest, key: ClientKey, to: readonly ClientKey[], firstNonce: number, count: number): Signed[] {
  return Array.from({ length: count }, (_, i) => {
    const nonce = firstNonce + i;
    const payee = (to[nonce % to.length] as ClientKey).publicKey;
    return signTransaction(key, buildTransfer({ chain, signer: key.publicKey, nonce: BigInt(nonce) }, payee, 1n, PAYLOAD));
  });
}

/** New accounts with money, and `each` transfers of every one, in the order of its nonces. */
export async function openFunded(
  { net, session }: Pick<BenchNetwork, 'net' | 'session'>,
  name: string,
  count: number,
  each: number,
): Promise<{ accounts: ClientKey[]; work: Signed[][] }> {
  const { chain, connection } = session;
  const client = readKeyFile(net.at.clientKey);
  const first = await nextNonce(session, client.publicKey);
  const accounts = benchAccounts(count, name);
  const funding = accounts.map((k, i) =>
    signTransaction(client, buildTransfer({ chain, signer: client.publicKey, nonce: first + BigInt(i) }, k.publicKey, 100_000n)),
  );
  await settleMany(connection, funding);
  return { accounts, work: accounts.map((k) => signTransfers(chain, k, accounts, 0, each)) };
}
