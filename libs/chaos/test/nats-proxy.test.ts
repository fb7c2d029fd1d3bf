import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, headers, type NatsConnection, StringCodec } from 'nats';
import { type NatsServer, startNatsServer } from '../../shared-core/test/support/nats-server.ts';
import { type Fault, type NatsProxy, partition, startNatsProxy } from '../src/index.ts';

const text = StringCodec();
const BASE = 'bursar.0123456789abcdef.consensus.v1';

let server: NatsServer;
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const o of open.splice(0).reverse()) await o.close();
});

async function direct(url = server.url): Promise<NatsConnection> {
  const c = await connect({ servers: new URL(url).host, reconnectTimeWait: 20, maxReconnectAttempts: -1 });
  open.push({ close: () => c.close() });
  return c;
}
async function proxied(faults: readonly Fault[] = []): Promise<{ proxy: NatsProxy; client: NatsConnection }> {
  const proxy = await startNatsProxy({ upstream: server.url, seed: 7, faults });
  open.push(proxy);
  return { proxy, client: await direct(proxy.url) };
}
/** Texts that arrive on `pattern` before the one that says `end`. */
async function listen(c: NatsConnection, pattern: string): Promise<{ readonly all: Promise<string[]> }> {
  const said: string[] = [];
  const sub = c.subscribe(pattern);
  await c.flush();
  const all = (async () => {
    for await (const m of sub) {
      if (text.decode(m.data) === 'end') break;
      said.push(text.decode(m.data));
    }
    return said;
  })();
  return { all };
}
/** On a subject that no fault of these tests names. */
const end = (c: NatsConnection, subject: string) => c.publish(subject, text.encode('end'));
const numbers = (n: number) => Array.from({ length: n }, (_, i) => String(i));

describe('the proxy before NATS', () => {
  it('changes nothing without a fault: order, headers, large payloads, requests, JetStream', async () => {
    const { proxy, client } = await proxied();
    const other = await direct();
    const heard = await listen(client, 'a.>');
    for (const n of numbers(500)) other.publish('a.b', text.encode(n));
    end(other, 'a.b');
    expect(await heard.all).toEqual(numbers(500));
    const large = Buffer.alloc(900_000, 'x');
    const h = headers();
    h.set('k', 'v');
    const sub = other.subscribe('big', { callback: (_, m) => void m.respond(m.data, m.headers ? { headers: m.headers } : {}) });
    await other.flush();
    const answer = await client.request('big', large, { timeout: 5_000, headers: h });
    sub.unsubscribe();
    expect(Buffer.from(answer.data).equals(large)).toBe(true);
    expect(answer.headers?.get('k')).toBe('v');
    const jsm = await client.jetstreamManager();
    await jsm.streams.add({ name: 'S', subjects: ['s.>'] });
    expect((await client.jetstream().publish('s.a', text.encode('x'))).seq).toBe(1);
    expect(proxy.counters()).toMatchObject({ dropped: 0, doubled: 0, delayed: 0, reordered: 0, connections: 1 });
  });

  it('delays by at least what was asked, with jitter and in order', async () => {
    const { proxy, client } = await proxied([{ delayMs: 40, jitterMs: 20, direction: 'in' }]);
    const other = await direct();
    const heard = await listen(client, 'd');
    const fromMs = performance.now();
    for (const n of numbers(100)) other.publish('d', text.encode(n));
    end(other, 'd');
    expect(await heard.all).toEqual(numbers(100));
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(40);
    expect(proxy.counters().delayed).toBe(101);
  });

  it('loses what consensus sends and nothing else; switched off, it loses nothing', async () => {
    const { proxy, client } = await proxied([{ drop: 1 }]);
    const other = await direct();
    const heard = await listen(client, '>');
    other.publish(`${BASE}.vote.1`, text.encode('lost'));
    other.publish('events.vote.1', text.encode('kept'));
    await other.flush();
    await client.flush(); // what was lost is lost now
    proxy.set([]);
    other.publish(`${BASE}.vote.1`, text.encode('kept again'));
    end(other, 'end');
    expect(await heard.all).toEqual(['kept', 'kept again']);
    expect(proxy.counters().dropped).toBe(1);
  });

  it('loses an answer like its question: on the subject that was asked', async () => {
    const { proxy, client } = await proxied([{ drop: 1, direction: 'in' }]);
    const other = await direct();
    let asked = 0;
    for (const subject of [`${BASE}.fetch.1`, 'else.fetch.1'])
      other.subscribe(subject, {
        callback: (_, m) => {
          asked++;
          m.respond(m.data);
        },
      });
    await other.flush();
    await expect(client.request(`${BASE}.fetch.1`, text.encode('?'), { timeout: 100 })).rejects.toThrow();
    expect(text.decode((await client.request('else.fetch.1', text.encode('!'), { timeout: 5_000 })).data)).toBe('!');
    expect(asked).toBe(2);
    expect(proxy.counters().dropped).toBe(1);
  });

  it('doubles', async () => {
    const { proxy, client } = await proxied([{ double: 1 }]);
    const other = await direct();
    const heard = await listen(other, `${BASE}.>`);
    client.publish(`${BASE}.vote.1`, text.encode('x'));
    client.publish(`${BASE}.vote.1`, text.encode('end'));
    expect(await heard.all).toEqual(['x', 'x']);
    expect(proxy.counters().doubled).toBe(2);
  });

  it('reorders without losing', async () => {
    const { client } = await proxied([{ reorder: 0.5, reorderMs: 50 }]);
    const other = await direct();
    const all = Promise.withResolvers<void>();
    const said: string[] = [];
    client.subscribe(`${BASE}.>`, { callback: (_, m) => said.push(text.decode(m.data)) === 200 && all.resolve() });
    await client.flush();
    for (const n of numbers(200)) other.publish(`${BASE}.vote.1`, text.encode(n));
    await all.promise;
    expect(said).not.toEqual(numbers(200));
    expect([...said].sort()).toEqual(numbers(200).sort());
  });

  it('cuts off the validators on the other side of a partition', async () => {
    const { client } = await proxied([partition([2, 3])]);
    const other = await direct();
    const heard = await listen(client, '>');
    for (const v of numbers(4)) other.publish(`${BASE}.vote.${v}`, text.encode(v));
    end(other, 'end');
    expect(await heard.all).toEqual(['0', '1']);
  });

  it('ends connections; the client comes back by itself and its subscriptions with it', async () => {
    const { proxy, client } = await proxied();
    const other = await direct();
    const heard = await listen(client, 'c');
    const status = client.status()[Symbol.asyncIterator]();
    proxy.cut();
    for (let s = await status.next(); s.value.type !== 'reconnect'; ) s = await status.next();
    await client.flush();
    other.publish('c', text.encode('back'));
    end(other, 'c');
    expect(await heard.all).toEqual(['back']);
  });

  it('cuts off who does not speak NATS', async () => {
    const { proxy } = await proxied();
    const { hostname, port } = new URL(proxy.url);
    const socket = connectTcp({ host: hostname, port: Number(port) });
    socket.resume();
    socket.on('error', () => {}); // a reset is a way to end it
    socket.write('PUB a nonsense\r\n');
    await once(socket, 'close');
    expect(proxy.counters().connections).toBe(1);
  });
});
