import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { fromHex, toHex } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { connectNats } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { client, TestChain, testKey } from './support/chain.ts';
import { admin, Cleanup, clients, prepareCell, restartNats, startNats, startStorage } from './support/network.ts';
import { payroll } from './support/payroll.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());
const LISTENS = /storage listens/;
const pay = { kind: 'transfer', to: testKey('bob').id, amount: 5n, memo: '' } as const;

describe('The process', () => {
  it('has the same root after kill -9 in the middle of commits, and goes on', async () => {
    const chain = new TestChain();
    const cell = await prepareCell(cleanup, chain);
    const first = startStorage(cleanup, cell);
    await first.line(LISTENS);
    const { blocks, imported } = payroll(chain);
    const before = clients(cleanup, cell);
    for (const { raw, stateRoot } of blocks) expect(toHex((await before.commits.commit(raw)).stateRoot)).toBe(stateRoot);
    const more = Array.from({ length: 20 }, () => chain.next([chain.entry(client, pay)]));
    const answered: bigint[] = [];
    const sending = (async () => {
      for (const { raw } of more) answered.push((await before.commits.commit(raw)).height);
    })().catch(() => {});
    while (answered.length < 5) await new Promise((resolve) => setImmediate(resolve));
    first.process.kill('SIGKILL');
    await Promise.all([first.ended, sending]);

    const second = startStorage(cleanup, cell);
    await second.line(LISTENS);
    const after = clients(cleanup, cell);
    const status = await after.ledger.getStatus({});
    expect(status.height).toBeGreaterThanOrEqual(answered.at(-1) as bigint);
    const last = [...blocks, ...more][Number(status.height) - 1];
    expect(toHex(status.stateRoot)).toBe(last?.stateRoot);
    for (const { raw, height, stateRoot } of more) {
      const reply = await after.commits.commit(raw); // stored ones are answered, later ones executed
      expect([reply.height, toHex(reply.stateRoot)]).toEqual([BigInt(height), stateRoot]);
    }
    const proof = await after.ledger.getPaymentProof({ disbursement: fromHex(imported.ids[0] as string) });
    expect(proof.approvals).toHaveLength(2);
    const final = await after.commits.getFinalBlocks({ fromHeight: 3n, toHeight: 5n, maxBytes: 1_000_000 });
    expect(final.newestHeight).toBe(26n);
    expect(final.blocks.map((b) => b.batches.map(toHex))).toEqual(blocks.slice(2, 5).map((b) => b.raw.batches.map(toHex)));
    expect(await admin(cell, '/readyz')).toMatchObject({ status: 200 });
    expect((await admin(cell, '/metrics')).body).toMatch(/^storage_height 26$/m);
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  }, 60_000);

  async function stopped(blocks: number) {
    const chain = new TestChain();
    const cell = await prepareCell(cleanup, chain);
    const running = startStorage(cleanup, cell);
    await running.line(LISTENS);
    const { commits } = clients(cleanup, cell);
    const made = Array.from({ length: blocks }, () => chain.next([chain.entry(client, pay)]));
    for (const { raw } of made) await commits.commit(raw);
    running.process.kill('SIGKILL');
    await running.ended;
    return { chain, cell, made, file: join(cell.dir, 'data', 'blocks', '00000001.log') };
  }

  it('cuts a torn tail off, says so, and takes the block again', async () => {
    const { cell, made, file } = await stopped(3);
    await truncate(file, (await readFile(file)).length - 7);
    const running = startStorage(cleanup, cell);
    await running.line(LISTENS);
    expect(running.output()).toMatch(/torn by a crash/);
    const { commits, ledger } = clients(cleanup, cell);
    expect((await ledger.getStatus({})).height).toBe(2n);
    expect(toHex((await commits.commit(made[2]?.raw ?? {})).stateRoot)).toBe(made[2]?.stateRoot);
  }, 60_000);

  it('names the file of a flipped bit and exits with 70', async () => {
    const { cell, file } = await stopped(4);
    const bytes = await readFile(file);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 1;
    await writeFile(file, bytes);
    const running = startStorage(cleanup, cell);
    expect(await running.ended).toBe(70);
    expect(running.output()).toContain(`${file} is corrupt at byte`);
  }, 60_000);

  it('halts with 70 and a dump for a certified block that contradicts its state, and starts again', async () => {
    const { chain, cell } = await stopped(2);
    const running = startStorage(cleanup, cell);
    await running.line(LISTENS);
    const fork = chain.draft([], { tamper: { stateRoot: 'ab'.repeat(32) } });
    await expect(clients(cleanup, cell).commits.commit(fork.raw)).rejects.toThrow();
    expect(await running.ended).toBe(70);
    const dump = (await readdir(join(cell.dir, 'data'))).find((name) => name.startsWith('dump-'));
    expect(JSON.parse(await readFile(join(cell.dir, 'data', dump ?? ''), 'utf8'))).toMatchObject({
      name: 'StateForkDetected',
      height: 3,
      certifiedBlock: fork.hash,
      block: toHex(fork.raw.block),
      tipHeight: 2,
    });
    await startStorage(cleanup, cell).line(LISTENS);
  }, 60_000);

  it('refuses another genesis with 78 and a bad one with every problem', async () => {
    const { cell } = await stopped(1);
    const other = await prepareCell(cleanup, new TestChain('other'));
    const wrong = startStorage(cleanup, cell, ['--genesis', join(other.dir, 'genesis.json')]);
    expect(await wrong.ended).toBe(78);
    expect(wrong.output()).toMatch(/belongs to chain/);
    await writeFile(join(other.dir, 'genesis.json'), '{}');
    const bad = startStorage(cleanup, other);
    expect(await bad.ended).toBe(78);
    expect(bad.output()).toMatch(/bad genesis: .*version must be an integer from 1 to 1; name must be text/);
    const none = startStorage(cleanup, await prepareCell(cleanup, new TestChain(), undefined, { validator: 9 }));
    expect(await none.ended).toBe(78);
  }, 60_000);

  it('exits with 69 when its port or its folder is taken', async () => {
    const chain = new TestChain();
    const cell = await prepareCell(cleanup, chain);
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(cell.grpcPort, '127.0.0.1', done));
    cleanup.add(() => new Promise((done) => squatter.close(done)));
    const running = startStorage(cleanup, cell);
    expect(await running.ended).toBe(69);
    expect(running.output()).toContain(`port ${cell.grpcPort} on 127.0.0.1 for the gRPC server is already in use`);
    await new Promise((done) => squatter.close(done));
    await startStorage(cleanup, cell).line(LISTENS);
    const second = startStorage(cleanup, cell, ['--grpc-port', '0', '--admin-port', '0']);
    expect(await second.ended).toBe(69);
    expect(second.output()).toMatch(/is in use by process \d+/);
  }, 60_000);

  it('lets nobody commit without the token and answers what is malformed with its fields', async () => {
    const chain = new TestChain();
    const cell = await prepareCell(cleanup, chain);
    await startStorage(cleanup, cell).line(LISTENS);
    const { raw } = chain.next();
    const outsider = clients(cleanup, cell, 'guess');
    await expect(outsider.commits.commit(raw)).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    await expect(outsider.ledger.getAccount({ account: new Uint8Array(3) })).rejects.toMatchObject({
      reason: 'MALFORMED_MESSAGE',
      violations: [{ field: 'account' }],
    });
    await expect(outsider.ledger.getStatus({})).resolves.toMatchObject({ height: 0n });
  }, 60_000);
});

describe('The outbox', () => {
  it('publishes every block in order, also those of a time without NATS and before a crash', async () => {
    const chain = new TestChain();
    const nats = await startNats(cleanup);
    nats.running.process.kill('SIGKILL');
    await nats.running.ended;
    const cell = await prepareCell(cleanup, chain, nats.url);
    const first = startStorage(cleanup, cell);
    await first.line(LISTENS);
    const made = Array.from({ length: 6 }, () => chain.next([chain.entry(client, pay)]));
    const before = clients(cleanup, cell);
    for (const { raw } of made.slice(0, 3)) await before.commits.commit(raw); // NATS is away: commits go on
    first.process.kill('SIGKILL');
    await first.ended;

    await restartNats(cleanup, nats.dir, nats.port);
    const bus = await connectNats({ url: nats.url, name: 'test' });
    cleanup.add(() => bus.close());
    const heights: bigint[] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    bus.subscribe(
      `bursar.${chain.chain.slice(0, 16)}.storage.v1.block.final.0`,
      ({ data, headers }) => {
        const event = fromBinary(storageEvents.BlockFinalSchema, data);
        expect(headers['Nats-Msg-Id']).toBe(`0-${event.height}`);
        expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/); // of the commit, also after a restart
        expect(event).toMatchObject({ validator: 0, transactions: 1, payments: 0 });
        heights.push(event.height);
        if (event.height === 6n) resolve();
      },
      { queueLimit: 100 },
    );
    await bus.flush();
    const second = startStorage(cleanup, cell);
    await second.line(LISTENS);
    const after = clients(cleanup, cell);
    for (const { raw } of made.slice(3)) await after.commits.commit(raw);
    await all;
    expect(heights).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(await readFile(join(cell.dir, 'data', 'outbox'), 'utf8')).toBe('6\n');
    await rm(nats.dir, { recursive: true, force: true });
  }, 60_000);
});
