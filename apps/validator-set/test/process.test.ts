import { createServer } from 'node:net';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { encode, header } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { connectNats } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestHeaders } from './support/headers.ts';
import { Cleanup, connect, prepareCell, readyz, StorageDouble, start, startNats } from './support/processes.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** The index of the validator in the configuration of the tests' cell. */
const OWN = 0;

describe('The process', () => {
  it('waits for storage, follows it through a restart, and answers from what it followed', async () => {
    const made = new TestHeaders();
    const cell = await prepareCell(cleanup, made);
    const running = start(cleanup, cell);
    await running.line(/the stream of final blocks is lost/);
    expect(await readyz(cell)).toBe(503);
    const client = connect(cleanup, cell);
    expect(await client.getEpoch({ epoch: 0 })).toMatchObject({
      totalStake: 86n,
      quorumStake: 58n,
      validators: [{ index: 0 }, {}, {}, { stake: 23n }],
    });

    const storage = new StorageDouble();
    const [a, b, c] = [made.next(), made.next(1), made.next()];
    storage.add(a, b, c);
    await storage.start(cell.storagePort);
    await running.line(/"height":3,"msg":"a final block is counted"/);
    expect(await readyz(cell)).toBe(200);
    const { validator, blocksProposed, asOfHeight } = await client.getValidator({ index: b.header.proposer });
    expect([validator?.index, asOfHeight]).toEqual([b.header.proposer, 3n]);
    expect(blocksProposed).toBe(BigInt([a, b, c].filter((h) => h.header.proposer === b.header.proposer).length));
    expect(await client.getLeader({ height: 2n, view: 1n })).toMatchObject({ validator: b.header.proposer });
    expect(await client.verifyCertificate({ header: encode(header, b.header), certificate: b.certificate })).toMatchObject({
      valid: true,
      reason: '',
    });
    expect(await client.verifyCertificate({ header: encode(header, b.header), certificate: c.certificate })).toMatchObject({
      valid: false,
    });
    await expect(client.getLeader({ height: 5n, view: 0n })).rejects.toMatchObject({ reason: 'NOT_FINAL' });
    await expect(client.getLeader({ height: 0n, view: 0n })).rejects.toMatchObject({ reason: 'MALFORMED_MESSAGE' });
    await expect(client.getEpoch({ epoch: 7 })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await expect(client.getValidator({ index: 4 })).rejects.toMatchObject({ reason: 'NOT_FOUND' });

    await storage.stop();
    const again = new StorageDouble();
    again.add(a, b, c, made.next(), made.next(2));
    await again.start(cell.storagePort);
    cleanup.add(() => again.stop());
    await running.line(/"height":5,"msg":"a final block is counted"/);
    again.add(made.next());
    await running.line(/"height":6,"msg":"a final block is counted"/);
    expect(await readyz(cell)).toBe(200);
    running.process.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  }, 60_000);

  it('looks at its storage at once, while that is away, when an event of it with a valid certificate is ahead, and believes nothing else', async () => {
    const made = new TestHeaders();
    const cell = await prepareCell(cleanup, made);
    const url = await startNats(cleanup);
    const running = start(cleanup, cell, ['--nats-url', url]);
    await running.line(/NATS is heard/);
    const bus = await connectNats({ url, name: 'test' });
    cleanup.add(() => bus.close());
    const [a, b] = [made.next(), made.next()];
    const publish = (height: number, rawHeader: Uint8Array, certificate: Uint8Array, of = OWN): void => {
      const event = { validator: of, height: BigInt(height), header: rawHeader, certificate };
      const bytes = toBinary(storageEvents.BlockFinalSchema, create(storageEvents.BlockFinalSchema, event));
      bus.publish(`bursar.${made.chain.slice(0, 16)}.storage.v1.block.final.${of}`, bytes);
    };
    publish(9, encode(header, b.header), a.certificate);
    bus.publish(`bursar.${made.chain.slice(0, 16)}.storage.v1.block.final.${OWN}`, new Uint8Array([255]));
    publish(1, encode(header, a.header), a.certificate, OWN + 1);
    // Between two pauses it looks anyway and hears nothing: the next block's event is as good.
    const events = setInterval(() => publish(2, encode(header, b.header), b.certificate), 20);
    cleanup.add(() => clearInterval(events));
    await running.line(/"height":2,"followed":0,"msg":"an event is ahead/);
    clearInterval(events);
    expect(running.output()).not.toMatch(/"height":1,"followed":0,"msg":"an event/);
    expect(running.output()).not.toMatch(/"height":9/);
    const storage = new StorageDouble();
    storage.add(a, b);
    await storage.start(cell.storagePort);
    cleanup.add(() => storage.stop());
    await running.line(/"height":2,"msg":"a final block is counted"/);
  }, 60_000);

  it('exits with 70 when storage streams a certified block that contradicts the chain', async () => {
    const made = new TestHeaders();
    const cell = await prepareCell(cleanup, made);
    const storage = new StorageDouble();
    storage.add(made.next(), made.draft(0, { beacon: 'ab'.repeat(32) }));
    await storage.start(cell.storagePort);
    cleanup.add(() => storage.stop());
    const running = start(cleanup, cell);
    expect(await running.ended).toBe(70);
    expect(running.output()).toMatch(/block 2 of storage: another beacon/);
  }, 60_000);

  it('refuses another genesis with 78 and a taken port with 69', async () => {
    const made = new TestHeaders();
    const cell = await prepareCell(cleanup, made);
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(cell.grpcPort, '127.0.0.1', done));
    cleanup.add(() => squatter.close());
    const taken = start(cleanup, cell);
    expect(await taken.ended).toBe(69);
    expect(taken.output()).toContain(`port ${cell.grpcPort}`);
    await new Promise((done) => squatter.close(done));
    const other = await prepareCell(cleanup, new TestHeaders('other'));
    const wrong = start(cleanup, cell, ['--genesis', join(other.dir, 'genesis.json')]);
    expect(await wrong.ended).toBe(78);
    expect(wrong.output()).toMatch(/belongs to chain/);
  }, 60_000);
});
