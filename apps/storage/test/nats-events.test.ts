import { create, toBinary } from '@bufbuild/protobuf';
import { encode, header } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { connectNats } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { natsEvents } from '../src/adapters/nats-events.ts';
import { TestChain } from './support/chain.ts';
import { Cleanup, restartNats, startNats } from './support/network.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

describe('Events of other validators', () => {
  it('are heard by a storage that has nothing to publish itself, also when NATS comes later', async () => {
    const chain = new TestChain();
    const nats = await startNats(cleanup);
    nats.running.process.kill('SIGKILL');
    await nats.running.ended;
    const stop = new AbortController();
    const heard = Promise.withResolvers<number>();
    const events = natsEvents({
      url: nats.url,
      name: 'test',
      chain: chain.chain,
      validator: 0,
      signal: stop.signal,
      onPeer: (height) => heard.resolve(height),
      onDown: () => {},
    });
    cleanup.add(async () => {
      stop.abort();
      await events.close();
    });
    await expect(events.publish(new Uint8Array(1), 1, { traceparent: '', tracestate: '' })).rejects.toMatchObject({
      reason: 'DEPENDENCY_UNAVAILABLE',
    });
    await restartNats(cleanup, nats.dir, nats.port);
    const peer = await connectNats({ url: nats.url, name: 'peer' });
    cleanup.add(() => peer.close());
    const made = chain.next();
    const event = create(storageEvents.BlockFinalSchema, {
      validator: 1,
      height: BigInt(made.height),
      header: encode(header, made.header),
      certificate: made.raw.certificate,
    });
    let over = false;
    const first = heard.promise.finally(() => {
      over = true;
    });
    while (!over) {
      peer.publish(`bursar.${chain.chain.slice(0, 16)}.storage.v1.block.final.1`, toBinary(storageEvents.BlockFinalSchema, event));
      await peer.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await first).toBe(1);
  }, 60_000);
});
