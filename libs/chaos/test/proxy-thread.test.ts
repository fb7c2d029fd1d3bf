import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'nats';
import { type NatsServer, startNatsServer } from '../../shared-core/test/support/nats-server.ts';
import { type ProxyThread, startProxyThread } from '../src/index.ts';

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());
let thread: ProxyThread;
afterEach(() => thread.close());

describe('proxies in a thread of their own', () => {
  it('pass and drop as told, are counted together, and end together', async () => {
    thread = startProxyThread();
    const urls = [await thread.start({ upstream: server.url, seed: 1 }), await thread.start({ upstream: server.url, seed: 2 })];
    const clients = await Promise.all(urls.map((u) => connect({ servers: new URL(u).host, reconnect: false })));
    const [from, to] = clients as [(typeof clients)[0], (typeof clients)[0]];
    const got: string[] = [];
    to.subscribe('a.>', { callback: (_, m) => void got.push(m.string()) });
    await to.flush();
    const send = async (text: string) => {
      from.publish('a.b', text);
      await from.flush();
      await to.flush();
    };
    await send('one');
    thread.set([{ direction: 'in', subjects: ['a.>'], drop: 1 }]);
    await send('two');
    thread.set([]);
    await send('three');
    expect(got).toEqual(['one', 'three']);
    expect(await thread.counters()).toEqual({ passed: 5, dropped: 1, doubled: 0, delayed: 0, reordered: 0, connections: 2 });
    await thread.close();
    await Promise.all(clients.map((c) => c.closed()));
  });
  it('an address that is taken is an error for who asked', async () => {
    thread = startProxyThread();
    const taken = Number(new URL(server.url).port);
    await expect(thread.start({ upstream: server.url, seed: 1, port: taken })).rejects.toThrow('EADDRINUSE');
  });
  it('who asks when it ends or later is told, and does not wait', async () => {
    thread = startProxyThread();
    await thread.start({ upstream: server.url, seed: 1 });
    const closed = thread.close();
    const asked = thread.counters();
    thread.set([]);
    await expect(asked).rejects.toThrow('has ended');
    await closed;
    await expect(thread.counters()).rejects.toThrow('has ended');
  });
});
