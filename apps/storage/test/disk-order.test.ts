import { join } from 'node:path';
import { openLog, recordingFiles } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { blockLog } from '../src/adapters/block-log.ts';
import { client, TestChain, testKey } from './support/chain.ts';
import { Cleanup } from './support/network.ts';
import { openStoreOn } from './support/store.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());
const pay = { kind: 'transfer', to: testKey('bob').id, amount: 5n, memo: '' } as const;

async function onDisk(segmentBytes?: number) {
  const chain = new TestChain();
  const dir = join(await cleanup.folder(), 'blocks');
  const files = recordingFiles();
  const file = await openLog(dir, { files, ...(segmentBytes ? { segmentBytes } : {}) });
  cleanup.add(() => file.close().catch(() => {}));
  return { chain, files, file, ...(await openStoreOn(chain, blockLog(file))) };
}

describe('The disk', () => {
  it('sees write, then fdatasync, before each reply', async () => {
    const { chain, files, commit } = await onDisk();
    const start = files.journal.length;
    for (let h = 1; h <= 3; h++) {
      await commit(chain.next([chain.entry(client, pay)]));
      files.note(`reply ${h}`);
    }
    const kinds = files.journal.slice(start).map((step) => step.split(' ')[0]);
    expect(kinds).toEqual(['write', 'fdatasync', 'reply', 'write', 'fdatasync', 'reply', 'write', 'fdatasync', 'reply']);
  });

  it('holds everything back while the sync has not returned', async () => {
    const { chain, files, store, finals, commit } = await onDisk();
    const start = files.journal.length;
    const release = files.holdNext('fdatasync');
    const reply = commit(chain.next()).then(() => files.note('reply'));
    while (files.journal.length === start) await new Promise((resolve) => setImmediate(resolve));
    expect(files.journal.slice(start)).toEqual([expect.stringMatching(/^write/)]);
    const read = store.settled().then(() => files.note('read')); // executed, written, not durable
    expect([store.tip.height, finals.length]).toEqual([0, 0]);
    release();
    await Promise.all([reply, read]);
    const order = files.journal.slice(-3).map((step) => step.split(' ')[0]);
    expect(order[0]).toBe('fdatasync');
    expect(order.slice(1).sort()).toEqual(['read', 'reply']);
  });

  it.each(['write', 'fdatasync'] as const)('halts when a %s fails, and no reply, event or read follows', async (operation) => {
    const { chain, files, store, finals, commit } = await onDisk();
    await commit(chain.next());
    files.failNext(operation, Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    await expect(commit(chain.next())).rejects.toMatchObject({ halted: 'LogFailed', message: expect.stringMatching(/no space is left/) });
    await expect(store.settled()).rejects.toThrow(/stopped/);
    expect([store.tip.height, finals.length]).toEqual([1, 1]);
  });

  it('reads single blocks back out of many segments', async () => {
    const { chain, store, commit } = await onDisk(2_000);
    const made = [];
    for (let h = 1; h <= 12; h++) {
      const one = chain.next([chain.entry(client, pay)]);
      made.push(one);
      await commit(one);
    }
    const { store: cold } = await onDisk();
    expect(cold.tip.height).toBe(0);
    for (const { height, raw } of made) expect((await store.read(height)).block).toEqual(raw.block);
  });
});
