/** Storages that say and answer what the test wants, behind real gRPC. */
import { ledger } from '@bursar/protocol/rpc';
import { type CallContext, createRpcServer, type Handlers, type RpcServer } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Bell } from '../src/adapters/bell.ts';
import { followShard } from '../src/adapters/follow-shard.ts';
import { Ledgers } from '../src/adapters/ledgers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

class Storage {
  height = 1;
  ready = 0;
  readonly asked: string[] = [];
  readonly #bell = new Bell();
  readonly #server: RpcServer = createRpcServer({});
  #lost = false;

  async start(): Promise<string> {
    const handlers = {
      getLease: async () => {
        this.asked.push('GetLease');
        return this.#lease();
      },
      watchShard: (_: unknown, { signal }: CallContext) => this.#watch(signal),
    };
    this.#server.add(ledger.Ledger, handlers as unknown as Handlers<(typeof ledger.Ledger)['method']>, 'public');
    closing.push(() => this.#server.stop(0));
    return `127.0.0.1:${await this.#server.listen('127.0.0.1', 0)}`;
  }
  /** A block; the stream tells it. */
  block(ready: number): void {
    this.height += 1;
    this.ready = ready;
    this.#bell.ring();
  }
  /** Ends the open stream. */
  lose(): void {
    this.#lost = true;
    this.#bell.ring();
  }
  #lease() {
    return { holder: new Uint8Array(), epoch: 7n, nextSeq: 1n, height: BigInt(this.height), timeMs: 5n };
  }
  async *#watch(signal: AbortSignal) {
    this.asked.push('WatchShard');
    for (this.#lost = false; !signal.aborted && !this.#lost; ) {
      const heard = this.#bell.rings;
      yield { lease: this.#lease(), readyConsumer: this.ready, readyIndustrial: 0 };
      await this.#bell.next(3_600_000, signal, heard);
    }
  }
}

async function watched() {
  const storages = [new Storage(), new Storage()] as const;
  const addresses = await Promise.all(storages.map((s) => s.start()));
  let rotation = new AbortController();
  const ledgers = new Ledgers(addresses, 0, () => {
    rotation.abort();
    rotation = new AbortController();
  });
  closing.push(() => ledgers.close());
  const stop = new AbortController();
  const views = ledgers.watch(AbortSignal.any([stop.signal, rotation.signal]));
  closing.push(async () => {
    stop.abort();
    await views.return(undefined);
  });
  await views.next();
  return { first: storages[0], second: storages[1], ledgers, views };
}
const counts = (consumer: number) => ({ consumer, industrial: 0 });

describe('what the stream told', () => {
  it('answers without a call, the newest, and only once', async () => {
    const { first, ledgers, views } = await watched();
    first.block(3);
    await views.next();
    expect(await ledgers.lease(2)).toEqual({
      holder: undefined,
      epoch: 7n,
      expiresAt: 0,
      released: false,
      nextSeq: 1n,
      height: 2,
      time: 5,
      ready: counts(3),
    });
    expect(first.asked).toEqual(['WatchShard']);
    await ledgers.lease(2);
    expect(first.asked).toEqual(['WatchShard', 'GetLease']);
  });

  it('is not enough when more was seen before', async () => {
    const { first, second, ledgers } = await watched();
    second.height = 9;
    expect(await ledgers.lease(9)).toMatchObject({ height: 9, ready: undefined });
    expect([first.asked, second.asked]).toEqual([['WatchShard', 'GetLease'], ['GetLease']]);
  });

  it('says what is ready at its own height only, when the ledger is asked', async () => {
    const { first, ledgers } = await watched();
    await ledgers.lease(1);
    expect(await ledgers.lease(1)).toMatchObject({ height: 1, ready: counts(0) });
    first.height = 2; // and the stream is silent
    expect(await ledgers.lease(1)).toMatchObject({ height: 2, ready: undefined });
  });

  it('is forgotten with the stream', async () => {
    const { first, ledgers, views } = await watched();
    first.lose();
    expect(await views.next()).toMatchObject({ done: true });
    expect(await ledgers.lease(1)).toMatchObject({ height: 1, ready: undefined });
    expect(first.asked).toEqual(['WatchShard', 'GetLease']);
  });

  it('is forgotten when another storage is preferred, and its stream ends', async () => {
    const { first, second, ledgers, views } = await watched();
    ledgers.rotate();
    expect(await ledgers.lease(1)).toMatchObject({ ready: undefined });
    await views.next().catch(() => {});
    first.block(0);
    expect(await ledgers.lease(1)).toMatchObject({ ready: undefined });
    expect([first.asked, second.asked]).toEqual([['WatchShard'], ['GetLease', 'GetLease']]);
  });
});

describe('following', () => {
  it('rings with each view and when the stream is lost, and opens the next one until the end', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    const streams = [
      async function* () {
        yield;
        yield;
        throw new Error('gone');
      },
      async function* () {
        yield;
      },
    ];
    await followShard(
      {
        ledgers: { watch: () => (streams.shift() as () => AsyncGenerator<void>)() },
        onBlock: () => void seen.push('ring'),
        onLost: (why) => void seen.push(why),
        onLive: (live) => void seen.push(live),
        untilRotated: () => new AbortController().signal,
        sleep: async () => {
          seen.push('sleep');
          if (streams.length === 0) stop.abort();
        },
      },
      stop.signal,
    );
    const lost = [false, 'ring', 'sleep'];
    expect(seen).toEqual([true, 'ring', true, 'ring', 'gone', ...lost, true, 'ring', ...lost]);
  });
});
