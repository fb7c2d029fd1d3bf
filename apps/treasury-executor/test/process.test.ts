/** A real executor process against validators made of the real ledger behind real gRPC. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sign } from '@bursar/crypto';
import { body, keyOf, testGenesis } from '@bursar/executor/testing';
import { formatAccount, formatGenesis, fromHex } from '@bursar/protocol';
import { common } from '@bursar/protocol/rpc';
import { createRpcClient } from '@bursar/shared-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contract } from '../src/contract.ts';
import { ExecutorProcess, Network, TOKEN, TRACEPARENT } from './support/network.ts';

let network: Network;
const processes: ExecutorProcess[] = [];
const made = async (...args: Parameters<typeof ExecutorProcess.make>) => {
  const one = await ExecutorProcess.make(...args);
  processes.push(one);
  return one;
};
beforeEach(async () => {
  network = await new Network().start();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((p) => p.remove()));
  await network.stop();
});
const many = (n: number) => Array.from({ length: n }, (_, i) => body(`p${i}`));
const paid = (n: number) => () => many(n).every((b) => network.chain.state(b.clientKey) === 'executed');
const once1 = () => new Set(network.chain.receipts.map((r) => r.disbursement)).size === network.chain.receipts.length;

describe('executor process', () => {
  it('pays what is approved, in the trace of the import, and says so', async () => {
    network.chain.approve(many(40));
    const one = await (await made(network)).start();
    await network.until(paid(40));
    expect(once1()).toBe(true);
    expect(new Set(network.batchParents.map((p) => p.slice(3, 35)))).toEqual(new Set([TRACEPARENT.slice(3, 35)]));
    const client = one.executor();
    for (let s = await client.getStatus({}); s.paid < 40n; s = await client.getStatus({})) await network.nextBlock();
    expect(await client.getStatus({})).toMatchObject({ paid: 40n, breaker: 'closed', leaseEpoch: 1n, lastSeq: 8n, planningStopped: false });
    client.close();
    const text = await (await fetch(`http://127.0.0.1:${one.admin}/metrics`)).text();
    for (const name of ['state', 'failures', 'successes']) expect(text).toContain(`treasury_circuit_breaker_${name} `);
    expect(text).toMatch(/treasury_execution_errors_total\{reason="transport"\} 0/);
    expect(text).toContain('treasury_payments_total 40');
    expect((await fetch(`http://127.0.0.1:${one.admin}/readyz`)).status).toBe(200);
    expect(await one.end('SIGTERM')).toBe(0);
    await network.until(() => network.chain.lease().released);
  }, 60_000);

  it('asks no storage anything with a block while nothing is ready, and pays what becomes ready', async () => {
    await (await made(network, 'exec', { pollMs: 3_600_000 })).start();
    await network.until(() => network.chain.lease().epoch === 1n);
    for (let silent = 0; silent < 40; ) {
      const before = network.looks;
      await network.nextBlock();
      silent = network.looks === before ? silent + 1 : 0;
    }
    network.chain.approve(many(3));
    await network.until(paid(3));
  }, 60_000);

  it('kill -9 again and again while it pays: each payment exactly once', async () => {
    network.chain.approve(many(200));
    const one = await made(network, 'exec', { batchItems: 2, window: 2 });
    for (const share of [20, 60, 120]) {
      await one.start();
      await network.until(() => network.chain.receipts.length >= share);
      await one.end('SIGKILL');
    }
    await one.start();
    await network.until(paid(200));
    expect(network.chain.receipts).toHaveLength(200);
    expect(once1()).toBe(true);
  }, 60_000);

  it('goes on when the validator that it talks to is gone', async () => {
    network.chain.approve(many(30));
    const one = await (await made(network, 'exec', { batchItems: 1, window: 1 })).start();
    await network.until(() => network.chain.receipts.length >= 5);
    await network.kill(0);
    await network.until(paid(30));
    expect(once1()).toBe(true);
    expect(await one.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('planning and redrive need the token; status does not', async () => {
    const one = await (await made(network)).start();
    const open = one.executor();
    const control = one.executor(TOKEN);
    const wrong = one.executor('nonsense');
    await expect(open.setPlanning({ enabled: false, reason: 'test' })).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    await expect(wrong.redrive({})).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    await control.setPlanning({ enabled: false, reason: 'test' });
    expect((await open.getStatus({})).planningStopped).toBe(true);
    network.chain.approve(many(3));
    await control.setPlanning({ enabled: true, reason: 'test' });
    await control.redrive({});
    await network.until(paid(3));
    for (const c of [open, control, wrong]) c.close();
    const described = createRpcClient(common.Contract, one.address);
    expect(await described.describe({})).toMatchObject({ id: contract.id, responsibility: contract.responsibility });
    described.close();
  }, 60_000);

  it('a program in any language imports, approves, cancels and watches through it', async () => {
    const one = await (await made(network)).start();
    const t = one.treasury();
    const signed = (who: string, list: readonly ({ body: Uint8Array; hash: Uint8Array } | undefined)[]) => ({
      transactions: list.map((u) => ({
        body: u?.body ?? new Uint8Array(),
        signature: sign(keyOf(who).secretKey, u?.hash ?? new Uint8Array()),
      })),
    });
    const destination = formatAccount(keyOf('payee').id);
    const payment = (clientKey: string, dependsOn: string[] = []) => ({ clientKey, destination, amount: 5n, dependsOn });
    const payments = [payment('a'), payment('b', ['a']), payment('c'), payment('d', ['c'])];
    const proposer = fromHex(keyOf('clerk').id);
    const prepared = await t.prepareImport({ proposer, payments });
    expect([prepared.total, prepared.disbursements.length, prepared.transactions.length]).toEqual([20n, 4, 2]);
    const { transactionIds } = await t.submitSigned(signed('clerk', prepared.transactions));
    expect(transactionIds).toEqual(prepared.transactions.map((u) => u.hash));
    const cancel = await t.prepareCancel({ signer: proposer, disbursement: prepared.disbursements[2] as Uint8Array });
    await t.submitSigned(signed('clerk', [cancel.transaction]));
    const approval = await t.prepareApproval({ approver: fromHex(keyOf('ann').id), import: prepared.import });
    const watched: Record<string, bigint>[] = [];
    const watching = (async () => {
      for await (const { counts } of t.watchImport({ import: prepared.import })) watched.push(counts);
    })();
    await t.submitSigned(signed('ann', [approval.transaction]));
    await watching;
    expect(watched.at(-1)).toMatchObject({ executed: 2n, cancelled: 1n, blocked: 1n });

    await expect(
      t.prepareImport({ proposer, payments: [payment('x', ['y']), payment('y', ['x']), payment('z', ['nowhere'])] }),
    ).rejects.toMatchObject({
      violations: [{ field: 'payments[2].depends_on' }, { field: 'payments[0].depends_on' }],
    });
    await expect(t.prepareImport({ proposer, payments: [{ ...payment('q'), destination: 'bur1nonsense' }] })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      violations: [{ field: 'payments[0].destination' }],
    });
    const known = await t.prepareImport({ proposer, payments: [payment('e', ['a'])] });
    expect(known.disbursements).toHaveLength(1);
    await expect(t.prepareApproval({ approver: proposer, import: new Uint8Array(32) })).rejects.toMatchObject({ reason: 'IMPORT_UNKNOWN' });
    t.close();
  }, 60_000);

  it.each([
    ['a key that is no executor', 'clerk', {}, 78, 'is not an executor'],
    ['a shard that does not exist', 'exec', { shard: 7 }, 78, 'no shard 7'],
    ['addresses that do not match', 'exec', { storageAddresses: ['127.0.0.1:1'] }, 78, 'one of each'],
    ['an unknown setting', 'exec', { windows: 3 }, 78, 'windows'],
    ['a key file that others can read', 'exec', { keyFile: '/etc/hostname' }, 78, 'key file'],
  ])('refuses %s', async (_, key, changes, code, text) => {
    const one = await made(network, key, changes);
    await expect(one.start()).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it('refuses the genesis of another chain, a taken port and a folder in use', async () => {
    const one = await (await made(network)).start();
    const second = await made(network, 'exec', { dataDir: join(one.dir, 'data') });
    await expect(second.start()).rejects.toMatchObject({ code: 69, message: expect.stringContaining('in use') });
    await one.end('SIGKILL');
    await writeFile(join(one.dir, 'genesis.json'), formatGenesis({ ...testGenesis(), name: 'other' }));
    await expect(one.start()).rejects.toMatchObject({ code: 78, message: expect.stringContaining('belongs to chain') });
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await expect((await made(network, 'exec', { grpcPort: port })).start()).rejects.toMatchObject({ code: 69 });
    holder.close();
  }, 60_000);
});
