import { ByteList } from '@bursar/protocol';
import { coreError } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { Assembler, toRecords } from '../src/core/stored-block.ts';
import { client, TestChain, testKey } from './support/chain.ts';
import { openStore, openStoreOn } from './support/store.ts';

const pay = { kind: 'transfer', to: testKey('bob').id, amount: 5n, memo: '' } as const;

async function written(blocks: number) {
  const chain = new TestChain();
  const opened = await openStore(chain);
  for (let i = 0; i < blocks; i++) await opened.commit(chain.next([chain.entry(client, pay)]));
  return { chain, ...opened };
}

describe('Replay', () => {
  it('reaches the same roots and the same answers', async () => {
    const { chain, store, log } = await written(6);
    const again = await openStore(chain, log.afterCrash());
    expect(again.store.tip).toEqual(store.tip);
    expect(again.store.blocksWithContent).toBe(6);
    expect(again.finals).toHaveLength(0); // what was final before is not announced again
    await expect(again.commit(chain.next())).resolves.toMatchObject({ height: 7 });
    for (let h = 1; h <= 6; h++) expect(await again.store.read(h)).toEqual(await store.read(h));
  });

  it('takes a block that reached the disk as final, though its sync was never answered', async () => {
    const { chain, log, commit, store } = await written(2);
    const third = chain.next();
    log.hold();
    void commit(third);
    await log.written(3);
    expect(store.tip.height).toBe(2);
    const again = await openStore(chain, log.afterCrash(1));
    expect(again.store.tip).toMatchObject({ height: 3, stateRoot: third.stateRoot });
    await expect(again.commit(third)).resolves.toMatchObject({ height: 3 });
  });

  it('forgets the first pieces of a block whose last piece was never written', async () => {
    const { chain, log } = await written(2);
    const records = log.afterCrash();
    const large = {
      block: new Uint8Array(10),
      certificate: new Uint8Array(10),
      batches: Array.from({ length: 20 }, () => new Uint8Array(500_000)),
      results: ByteList.from([]),
      stateRoot: '00'.repeat(32),
      resultsRoot: '00'.repeat(32),
      outbox: { traceparent: '', tracestate: '' },
    };
    const assembler = new Assembler<object>();
    const pieces = toRecords(3, large); // more than one log record may hold
    expect(pieces).toHaveLength(2);
    expect(assembler.add(pieces[0] as Uint8Array, {})).toBeUndefined();
    expect(assembler.add(pieces[1] as Uint8Array, {})?.stored.batches).toHaveLength(20);
    const again = await openStore(chain, [...records, { bytes: pieces[0] as Uint8Array, position: { at: 2 } }]);
    expect(again.store.tip.height).toBe(2);
    await again.commit(chain.next());
    const third = await openStore(chain, again.log.afterCrash());
    expect(third.store.tip.height).toBe(3);
  });

  const damage: [string, (records: Uint8Array[]) => Uint8Array[], RegExp][] = [
    ['a missing block', (r) => [r[0], r[2]] as Uint8Array[], /block 2 .*block 3 follows/],
    ['a block twice', (r) => [r[0], r[0]] as Uint8Array[], /block 2 .*block 1 follows/],
    ['bytes that are no block', (r) => [r[0], new Uint8Array(40)] as Uint8Array[], /block 2 in record 1/],
  ];
  it.each(damage)('names %s by height and place and halts', async (_, change, message) => {
    const { chain, log } = await written(3);
    const records = change(log.records).map((bytes, at) => ({ bytes, position: { at } }));
    await expect(openStore(chain, records)).rejects.toMatchObject({ halted: 'LogCorrupt', message: expect.stringMatching(message) });
  });

  const wrong: [string, object][] = [
    ['state root', { stateRoot: 'ab'.repeat(32) }],
    ['results root', { resultsRoot: 'ab'.repeat(32) }],
  ];
  it.each(wrong)('names a stored %s that execution does not give', async (name, change) => {
    const { chain, store } = await written(2);
    const altered = [1, 2].map(async (h) => toRecords(h, { ...(await store.read(h)), ...(h === 2 ? change : {}) })[0] as Uint8Array);
    const records = (await Promise.all(altered)).map((bytes, at) => ({ bytes, position: { at } }));
    const expected = {
      halted: 'LogCorrupt',
      message: expect.stringMatching(new RegExp(`block 2 in record 1: the stored ${name} is abab`)),
    };
    await expect(openStore(chain, records)).rejects.toMatchObject(expected);
  });

  it('demands a valid certificate of the newest block', async () => {
    const { chain, store } = await written(2);
    const [one, two] = [await store.read(1), await store.read(2)];
    const records = [toRecords(1, one), toRecords(2, { ...two, certificate: one.certificate })]
      .flat()
      .map((bytes, at) => ({ bytes, position: { at } }));
    await expect(openStore(chain, records)).rejects.toMatchObject({ halted: 'LogCorrupt' });
  });

  it('does not call a disk damaged that could not be read', async () => {
    const { chain, log } = await written(2);
    const records = async function* () {
      yield { bytes: log.records[0] as Uint8Array, position: { at: 0 } };
      throw coreError('LogFailed', 'input/output error');
    };
    await expect(openStoreOn(chain, log, records())).rejects.toMatchObject({ halted: 'LogFailed' });
  });
});
