import type { ledger as rpc } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import { ledgerHandlers } from '../src/adapters/ledger-service.ts';
import { TestChain } from './support/chain.ts';
import { payroll } from './support/payroll.ts';
import { openStore } from './support/store.ts';

type View = rpc.WatchShardResponse & { readonly lease: rpc.GetLeaseResponse };

describe('Watching a shard', () => {
  async function watching(blocks: number) {
    const chain = new TestChain();
    const made = payroll(chain).blocks;
    const { store, commit } = await openStore(chain);
    for (const one of made.slice(0, blocks)) await commit(one);
    const service = ledgerHandlers(store, chain.genesis);
    const stop = new AbortController();
    const context = { signal: stop.signal } as Parameters<typeof service.watchShard>[1];
    const views = service.watchShard({ shard: 0 } as never, context) as AsyncIterable<View>;
    const stream = views[Symbol.asyncIterator]();
    const getLease = async () => service.getLease({ shard: 0 } as never, context);
    const next = async () => {
      const { value, done } = await stream.next();
      return done ? 'ended' : [value.lease.height, value.lease.nextSeq, value.readyConsumer, value.readyIndustrial];
    };
    return { stop, next, commit, getLease, rest: made.slice(blocks), stream };
  }

  it('says lease and number of ready items at once and then with each block', async () => {
    const { stop, next, commit, rest } = await watching(2);
    expect(await next()).toEqual([2n, 1n, 0, 0]);
    for (const [i, view] of [
      [3n, 1n, 5, 0], // approved
      [4n, 1n, 5, 0], // leased
      [5n, 2n, 1, 0], // paid, but for the last
      [6n, 2n, 1, 0],
    ].entries()) {
      const coming = next();
      await commit(rest[i] as (typeof rest)[number]);
      expect(await coming).toEqual(view);
    }
    stop.abort();
  });

  it('says the lease as GetLease does', async () => {
    const { stop, stream, getLease } = await watching(6);
    expect((await stream.next()).value.lease).toEqual(await getLease());
    stop.abort();
  });

  it('a reader that is slow gets the newest block only, and none twice', async () => {
    const { stop, next, commit, rest } = await watching(2);
    expect(await next()).toEqual([2n, 1n, 0, 0]);
    for (const one of rest.slice(0, 3)) await commit(one);
    expect(await next()).toEqual([5n, 2n, 1, 0]);
    const coming = next();
    await commit(rest[3] as (typeof rest)[number]);
    expect(await coming).toEqual([6n, 2n, 1, 0]);
    stop.abort();
  });

  it('ends with the call, waiting or behind', async () => {
    const waiting = await watching(2);
    await waiting.next();
    const waits = waiting.next();
    waiting.stop.abort();
    expect(await waits).toBe('ended');

    const behind = await watching(2);
    await behind.next();
    await behind.commit(behind.rest[0] as (typeof behind.rest)[number]);
    behind.stop.abort();
    expect(await behind.next()).toBe('ended');
  });
});
