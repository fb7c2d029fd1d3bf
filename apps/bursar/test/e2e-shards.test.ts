/** Two shards, each with an executor and a standby: they pay side by side, and one whose holder dies moves to its standby. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { audit } from '../src/audit/audit.ts';
import { claimsOf, keptOf } from '../src/audit/network-input.ts';
import type { Devnet } from '../src/devnet/devnet.ts';
import { executorName } from '../src/devnet/services.ts';
import { fund, importFile } from '../src/operations/pay.ts';
import type { Session } from '../src/operations/session.ts';
import { approveTwice, clientKey, quiet, sessionOf, startNetwork } from './support/network.ts';
import { type Line, numbered, writeCsv } from './support/payments.ts';
import { scratch } from './support/program.ts';

const SHARDS = 2;
const at = scratch('shards');
let net: Devnet;
let session: Session;
beforeAll(async () => {
  net = await startNetwork(at.path('net'), { shards: SHARDS, standbys: 1, genesis: (made) => ({ ...made, leaseMs: 3_000 }) });
  session = sessionOf(net);
  await fund(session, clientKey(net), 100_000n);
}, 240_000);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  at.remove();
}, 60_000);

async function approved(name: string, lines: readonly Line[]): Promise<string> {
  const { built } = await importFile(session, clientKey(net), writeCsv(at.path(`${name}.csv`), lines));
  await approveTwice(net, session, built.import);
  return built.import;
}
const leases = () => Promise.all(Array.from({ length: SHARDS }, (_, shard) => session.connection.read((l) => l.getLease({ shard }))));

it('all is paid once, across shards too, when the holder of one is killed', async () => {
  expect(net.specs.filter((s) => s.app === 'treasury-executor').map((s) => s.config['shard'])).toEqual([0, 1, 0, 1]);
  expect(await quiet(session, await approved('first', numbered('first', 100)))).toMatchObject({ counts: { executed: 100 } });
  const before = await leases();
  expect(before.map((l) => l.nextSeq > 1n)).toEqual([true, true]);

  const [holder] = net.specs.filter((s, i) => s.config['shard'] === 0 && isHolder(before[0]?.holder, i));
  const needed = await approved('needed', numbered('needed', 40));
  await net.kill(holder?.name ?? executorName(0), 'SIGKILL');
  const across = await approved(
    'across',
    numbered('across', 20).map((line, i) => ({ ...line, dependsOn: `needed-${i};needed-${20 + i}` })),
  );
  expect(await quiet(session, needed)).toMatchObject({ counts: { executed: 40 } });
  expect(await quiet(session, across)).toMatchObject({ counts: { executed: 20 } });
  const after = await leases();
  expect(after.map((l, shard) => l.epoch > (before[shard]?.epoch ?? 0n))).toEqual([true, false]);

  const claims = await claimsOf(session);
  const report = await audit({ genesis: session.genesis, chain: session.chain, validators: keptOf(net.at, session), claims, atRest: true });
  expect([report.findings, report.payments]).toEqual([[], 160]);
}, 180_000);

/** Whether the executor of this place holds the lease: places follow the order in which the genesis lists their keys. */
function isHolder(holder: Uint8Array | undefined, spec: number): boolean {
  const executors = net.specs.flatMap((s, i) => (s.app === 'treasury-executor' ? [i] : []));
  const key = session.genesis.treasuries[0]?.executors[executors.indexOf(spec)];
  return key !== undefined && Buffer.from(holder ?? []).toString('hex') === key;
}
