/** Signed transfers: many accounts, each in its own order of nonces, spread over four validators. */

import { validatorAddresses } from '../../apps/bursar/src/devnet/network-file.ts';
import { nextNonce } from '../../apps/bursar/src/operations/session.ts';
import {
  buildTransfer,
  type ClientKey,
  connect,
  keyFromSeed,
  readKeyFile,
  type Signed,
  settle,
  settleMany,
  signTransaction,
} from '../../libs/client/src/index.ts';
import { startMeter } from './cpu.ts';
import type { Limits } from './limits.ts';
import type { BenchNetwork } from './network.ts';
import { percentile, type Row } from './row.ts';

const ACCOUNTS = 64;
/** Transfers of each account: before the clock starts, so that code is compiled and caches are filled, and after. */
const WARM = 160;
const EACH = 480;
const MEMO = 'x'.repeat(250);

export async function benchTransfers({ net, session, pids }: BenchNetwork, limits: Limits): Promise<Row[]> {
  const client = readKeyFile(net.at.clientKey);
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => keyFromSeed(Buffer.alloc(32, `bench account ${i} `)));
  const first = await nextNonce(session, client.publicKey);
  const funding = keys.map((k, i) =>
    signTransaction(
      client,
      buildTransfer({ chain: session.chain, signer: client.publicKey, nonce: first + BigInt(i) }, k.publicKey, 1_000_000n),
    ),
  );
  await settleMany(session.connection, funding);
  const work = await Promise.all(keys.map((k) => signedTransfers(session.chain, k, keys)));
  const addresses = validatorAddresses(net.network);
  // Each account stays with one validator, so that its nonces arrive in order.
  const connections = addresses.map((_, i) => connect([...addresses.slice(i), ...addresses.slice(0, i)]));
  const send = (from: number, to: number) =>
    Promise.all(
      work.map((txs, i) =>
        settleMany(connections[i % connections.length] as (typeof connections)[number], txs.slice(from, to), { timeoutMs: 120_000 }),
      ),
    );
  await send(0, WARM);
  const meter = startMeter(pids());
  const started = performance.now();
  const settled = await send(WARM, WARM + EACH);
  const seconds = (performance.now() - started) / 1_000;
  const used = meter.read();
  for (const c of connections) c.close();
  const total = ACCOUNTS * EACH;
  const ms = settled.flat().flatMap((s) => (s.finalityMs === undefined ? [] : [s.finalityMs]));
  const ceiling = { value: 2e6 / (4 * limits.verifyUs), what: 'two cores, four verifications each, nothing else' };
  return [
    {
      bench: 'transfers',
      what: `signed transfers, 250-byte memo, provable (${total.toLocaleString('en-US')})`,
      value: total / seconds,
      unit: '/s',
      limit: ceiling,
    },
    { bench: 'transfers', what: 'Submit → provable under that load, p50', value: percentile(ms, 0.5), unit: 'ms' },
    { bench: 'transfers', what: 'Submit → provable under that load, p99', value: percentile(ms, 0.99), unit: 'ms' },
    ...[...used]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, us]): Row => ({ bench: 'transfers', what: `CPU a transfer, all ${kind} processes`, value: us / total, unit: 'µs' })),
  ];
}

async function signedTransfers(chain: string, key: ClientKey, all: readonly ClientKey[]): Promise<Signed[]> {
  return Array.from({ length: WARM + EACH }, (_, n) => {
    const to = (all[n % all.length] as ClientKey).publicKey;
    return signTransaction(key, buildTransfer({ chain, signer: key.publicKey, nonce: BigInt(n) }, to, 1n, MEMO));
  });
}

const PROBES = 200;

/** One transfer at a time on an idle network: the latency that a person sees. */
export async function benchFinality({ net, session }: BenchNetwork, limits: Limits): Promise<Row[]> {
  const client = readKeyFile(net.at.clientKey);
  const first = await nextNonce(session, client.publicKey);
  const ms: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const tx = signTransaction(
      client,
      buildTransfer({ chain: session.chain, signer: client.publicKey, nonce: first + BigInt(i) }, client.publicKey, 1n),
    );
    const { finalityMs } = await settle(session.connection, tx);
    if (finalityMs !== undefined) ms.push(finalityMs);
  }
  // Two blocks (content, then the header that bears its root), each: proposal, Prepare row, Commit row, storage, one after the other.
  const limit = { value: 2 * 5 * limits.fsyncMs, what: 'ten fsyncs in a row, no network, no CPU' };
  return [
    { bench: 'finality', what: 'one transfer at a time, Submit → provable, p50', value: percentile(ms, 0.5), unit: 'ms', limit },
    { bench: 'finality', what: 'one transfer at a time, Submit → provable, p99', value: percentile(ms, 0.99), unit: 'ms' },
  ];
}
