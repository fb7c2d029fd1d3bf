/**
 * What payments must survive, on real validators (docs/testing.md, "Crash points"): one network whose NATS doubles, delays and reorders, whose
 * executors are an hour apart from everybody, and things that happen to it one after the other. Then the audit of all of it.
 */
import { cpSync, rmSync } from 'node:fs';
import { clockSkew, type NatsProxy, startNatsProxy, startTcpLink, type TcpLink } from '@bursar/chaos';
import { buildTransaction, type ClientKey, readKeyFile, type Signed, settle, signTransaction, submit } from '@bursar/client';
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementId,
  fromHex,
  importDigest,
  importLeaf,
  toHex,
} from '@bursar/protocol';
import { errorFrom } from '@bursar/shared-core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit } from '../src/audit/audit.ts';
import { claimsOf, keptOf } from '../src/audit/network-input.ts';
import type { Devnet } from '../src/devnet/devnet.ts';
import { EXECUTOR, executorName, serviceName } from '../src/devnet/services.ts';
import { countOf, listPayments } from '../src/operations/import-status.ts';
import { cancel, fund, importFile } from '../src/operations/pay.ts';
import { nextNonce, type Session } from '../src/operations/session.ts';
import { approveTwice, clientKey, commonRoot, quiet, ready, sessionOf, startNetwork, until } from './support/network.ts';
import { type Line, numbered, payee, writeCsv } from './support/payments.ts';
import { processesOf, scratch } from './support/program.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 3_000;
const ALWAYS = { startMs: 0, endMs: 24 * HOUR_MS };
const STANDBY = executorName(1);
const WIDE_MS = 180_000;
const at = scratch('treasury');
const proxies: NatsProxy[] = [];
const links: TcpLink[] = [];
/** Who runs with a clock of its own, and how far it is off. */
const clocks = new Map<string, number>([
  [EXECUTOR, HOUR_MS],
  [STANDBY, -HOUR_MS],
]);
let net: Devnet;
let session: Session;

const linked = async (address: string): Promise<string> => {
  const link = await startTcpLink(address);
  links.push(link);
  return link.address;
};
beforeAll(async () => {
  net = await startNetwork(at.path('net'), {
    standbys: 1,
    genesis: (made) => ({
      ...made,
      leaseMs: LEASE_MS,
      treasuries: made.treasuries.map((t) => ({ ...t, limits: { perPayment: 100_000n, windows: [] } })),
    }),
    natsUrl: async (validator, upstream) => {
      const faults = [{ direction: 'in', double: 0.1, reorder: 0.1, reorderMs: 20 }, { jitterMs: 10 }] as const;
      const proxy = await startNatsProxy({ upstream, seed: validator, faults });
      proxies.push(proxy);
      return proxy.url;
    },
    config: async ({ name, config }) =>
      name === EXECUTOR
        ? {
            ...config,
            consensusAddresses: await Promise.all((config['consensusAddresses'] as string[]).map(linked)),
            storageAddresses: await Promise.all((config['storageAddresses'] as string[]).map(linked)),
          }
        : config,
    env: (name) => {
      const offset = clocks.get(name);
      return offset === undefined ? {} : { NODE_OPTIONS: clockSkew(offset, ALWAYS) };
    },
  });
  session = sessionOf(net);
  await fund(session, clientKey(net), 5_000_000n);
}, 200_000);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  await Promise.all([...proxies, ...links].map((p) => p.close()));
  expect(processesOf(at.path('net'))).toEqual([]);
  at.remove();
}, 60_000);

let files = 0;
const imported = async (lines: readonly Line[]): Promise<Digest> =>
  (await importFile(session, clientKey(net), writeCsv(at.path(`${files++}.csv`), lines))).built.import;
const approved = async (lines: readonly Line[]): Promise<Digest> => {
  const digest = await imported(lines);
  await approveTwice(net, session, digest);
  return digest;
};
/** Pays so many, whatever else goes on. */
async function pays(name: string, count: number): Promise<void> {
  const status = await quiet(session, await approved(numbered(name, count)));
  expect(status.counts).toMatchObject({ executed: count });
}
const lease = () => session.connection.read((l) => l.getLease({ shard: 0 }));
const treasury = () => session.connection.read((l) => l.getTreasury({ treasury: fromHex(session.treasury.id) }));

describe('clocks', () => {
  it(
    'an hour ahead and an hour behind at the executors, then at a validator as well: nothing waits, nothing is paid twice',
    async () => {
      await pays('clock', 60);
      const name = serviceName(3, 'consensus');
      await net.kill(name, 'SIGKILL');
      clocks.set(name, HOUR_MS);
      await net.start(name);
      await pays('clock-of-a-validator', 60);
      await net.kill(name, 'SIGKILL');
      clocks.delete(name);
      await net.start(name);
      await ready(net, name);
      for (const p of proxies) expect(p.counters().doubled).toBeGreaterThan(0);
    },
    WIDE_MS,
  );
});

describe('the holder of the lease', () => {
  it(
    'is cut off from everybody: the standby takes over, and the holder comes back to find itself fenced',
    async () => {
      await net.kill(STANDBY, 'SIGKILL');
      await pays('before-the-cut', 20);
      const { epoch } = await lease();
      await net.start(STANDBY);
      for (const l of links) l.cut();
      await pays('cut-off', 60);
      expect((await lease()).epoch).toBeGreaterThan(epoch);
      for (const l of links) l.heal();
      await pays('healed', 20);
      await net.kill(STANDBY, 'SIGKILL');
      await pays('of-use-again', 20);
      await net.start(STANDBY);
    },
    WIDE_MS,
  );
});

describe('cancel against execute', () => {
  it(
    'exactly one of them wins, and the loser is told',
    async () => {
      const digest = await imported(numbered('race', 40));
      const ids = [3, 9, 17, 33].map((i) => disbursementId(session.treasury.id, `race-${i}`));
      const cancels = async (): Promise<string[]> => {
        const told: string[] = [];
        for (const id of ids)
          told.push(
            await cancel(session, clientKey(net), id).then(
              () => 'cancelled',
              (e) => errorFrom(e).reason,
            ),
          );
        return told;
      };
      const [told] = await Promise.all([cancels(), approveTwice(net, session, digest)]);
      const status = await quiet(session, digest);
      const states = new Map((await listPayments(session, digest)).map((d) => [toHex(d.id), d.state]));
      expect(countOf(status, 'executed', 'cancelled')).toBe(40);
      expect(ids.map((id) => states.get(id))).toEqual(told.map((t) => (t === 'cancelled' ? t : t === 'ALREADY_EXECUTED' ? 'executed' : t)));
    },
    WIDE_MS,
  );
});

describe('in the middle of a batch', () => {
  it(
    'a payment above the limit, and then the end of the funds, hold back what they concern and nothing else; with new funds the rest is paid',
    async () => {
      const over = await approved([{ key: 'm-0' }, { key: 'm-1', amount: '1000.01' }, { key: 'm-2' }]);
      expect((await quiet(session, over)).counts).toMatchObject({ executed: 2, blocked: 1 });
      const { balance } = await treasury();
      const large = Number(balance / 100_000n) + 5;
      const lines = Array.from({ length: large }, (_, i) => ({ key: `f-${i}`, amount: '1000.00' }));
      const digest = await approved([...lines.slice(0, 3), { key: 'f-small' }, ...lines.slice(3)]);
      const held = await quiet(session, digest);
      expect(held.counts).toMatchObject({ executed: large - 4, blocked: 5 });
      await fund(session, clientKey(net), 10_000_000n);
      await until('the rest is paid', async () => countOf(await quiet(session, digest), 'executed') === large + 1);
    },
    WIDE_MS,
  );
});

describe('an import that cannot be', () => {
  const item = (clientKey: string, ...dependsOn: string[]): DisbursementBody => ({
    treasury: session.treasury.id,
    clientKey,
    destination: payee,
    amount: 1n,
    lane: 'consumer',
    notBefore: 0,
    dependsOn: dependsOn.map((k) => disbursementId(session.treasury.id, k)).sort(),
    memo: '',
    payee: undefined,
    expectedReceipts: [],
    revision: 0,
    reverses: undefined,
  });
  it.each([
    ['a cycle', () => [item('x', 'y'), item('y', 'x')], 'DEPENDENCY_CYCLE'],
    ['a payment that waits for itself', () => [item('self', 'self')], 'DEPENDENCY_CYCLE'],
    ['a dependency that nobody knows', () => [item('alone', 'nobody')], 'DEPENDENCY_MISSING'],
  ] as const)('%s is refused by the ledger, whatever client sends it', async (_, make, reason) => {
    const items = make();
    const root = merkleRoot(items.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b))));
    const common = { treasury: session.treasury.id, import: importDigest(session.treasury.id, root) };
    const chunk = await act(clientKey(net), { kind: 'importChunk', ...common, index: 0, items });
    const seal = await act(clientKey(net), { kind: 'importSeal', ...common, chunks: 1, count: items.length });
    expect([chunk, seal].find((code) => code !== 'done' && code !== 'IMPORT_UNKNOWN')).toBe(reason);
  });
});

const signed = async (key: ClientKey, action: Action): Promise<Signed> => {
  const nonce = action.kind === 'executeBatch' ? 0n : await nextNonce(session, key.publicKey);
  return signTransaction(key, buildTransaction({ chain: session.chain, signer: key.publicKey, nonce }, action));
};
/** Why it was refused, or `done`. */
const sent = (tx: Signed): Promise<string> =>
  settle(session.connection, tx, { genesis: session.genesis }).then(
    () => 'done',
    (e) => errorFrom(e).reason,
  );
const act = async (key: ClientKey, action: Action): Promise<string> => sent(await signed(key, action));

describe('a batch', () => {
  it(
    'that comes a thousand times is paid once; its seq with other bytes is refused; two leases later it is fenced',
    async () => {
      for (const name of [EXECUTOR, STANDBY]) await net.kill(name, 'SIGKILL');
      const key = readKeyFile(net.at.executor(0).key);
      const acquire = () => act(key, { kind: 'lease', shard: 0, request: 'acquire' });
      await until('the lease is free', async () => (await acquire()) === 'done');
      const digest = await approved(numbered('bytes', 3));
      const items = (await listPayments(session, digest)).map((d) => ({ id: toHex(d.id), bodyHash: toHex(d.bodyHash), attempt: 1 }));
      const { epoch: leaseEpoch, nextSeq: seq, timeMs } = await lease();
      const batch = (n: number, of: bigint) =>
        signed(key, {
          kind: 'executeBatch',
          shard: 0,
          leaseEpoch,
          lane: 'consumer',
          seq: of,
          expiresAt: Number(timeMs) + 60_000,
          items: items.slice(n, n + 1),
        });
      const [first, reused, late] = [await batch(0, seq), await batch(1, seq), await batch(1, seq + 1n)];
      const { totalPaid } = await treasury();
      expect(await sent(first)).toBe('done');
      for (let i = 0; i < 20; i++) {
        const { validators } = session.connection;
        const once = (n: number) => submit(validators[n % validators.length] as (typeof validators)[number], first).catch(() => {});
        await Promise.all(Array.from({ length: 50 }, (_, n) => once(n)));
      }
      expect(await sent(first)).toBe('done');
      expect(await sent(reused)).toBe('SEQ_REUSED');
      expect([await acquire(), await acquire()]).toEqual(['done', 'done']);
      expect(await sent(late)).toBe('FENCED');
      expect((await treasury()).totalPaid - totalPaid).toBe(100n);
      for (const name of [EXECUTOR, STANDBY]) await net.start(name);
      expect((await quiet(session, digest)).counts).toMatchObject({ executed: 3 });
    },
    WIDE_MS,
  );
});

describe('a chain of dependencies', () => {
  it(
    '10,000 deep is paid, in order',
    async () => {
      const lines = numbered('deep', 10_000).map((l, i) => (i === 0 ? l : { ...l, dependsOn: `deep-${i - 1}`, amount: '0.01' }));
      expect((await quiet(session, await approved(lines))).counts).toMatchObject({ executed: 10_000 });
    },
    WIDE_MS,
  );
});

describe('a stale backup', () => {
  it(
    'of an executor’s journal and of a validator’s blocks costs time and nothing else',
    async () => {
      // Consensus ends when its storage is behind what it had (docs/errors.md, DependencyUnavailable): both start again.
      const names = [EXECUTOR, serviceName(2, 'storage'), serviceName(2, 'consensus')];
      const folders = [net.at.executor(0).data, net.at.data(2, 'storage')];
      const copy = (i: number) => at.path(`backup-${i}`);
      for (const n of names) await net.kill(n, 'SIGKILL');
      for (const [i, folder] of folders.entries()) cpSync(folder, copy(i), { recursive: true });
      for (const n of names) await net.start(n);
      await pays('since-the-backup', 40);
      for (const n of names) await net.kill(n, 'SIGKILL');
      for (const [i, folder] of folders.entries()) {
        rmSync(folder, { recursive: true });
        cpSync(copy(i), folder, { recursive: true });
      }
      for (const n of names) await net.start(n);
      await pays('after-the-restore', 40);
      await Promise.all(names.map((n) => ready(net, n)));
    },
    WIDE_MS,
  );
});

describe('after all that', () => {
  it(
    'the audit of every validator’s blocks has nothing to find',
    async () => {
      net.check();
      await commonRoot(session, Number((await treasury()).height));
      const { genesis, chain } = session;
      const claims = await claimsOf(session, [payee]);
      const report = await audit({ genesis, chain, validators: keptOf(net.at, session), claims, atRest: true });
      expect(report.findings).toEqual([]);
      expect(new Set(claims.map((c) => c.name)).size).toBe(4);
      expect(report.payments).toBeGreaterThan(10_300);
    },
    WIDE_MS,
  );
});
