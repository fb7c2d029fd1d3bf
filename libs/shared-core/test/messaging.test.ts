import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Bus,
  type BusMessage,
  type BusObserver,
  type BusStatus,
  connectNats,
  createMemoryBus,
  createMetrics,
  dropCounter,
  rejection,
} from '../src/index.ts';
import { type NatsServer, startNatsServer } from './support/nats-server.ts';

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: BusMessage) => new TextDecoder().decode(message.data);
const open: Bus[] = [];
afterAll(() => Promise.all(open.map((bus) => bus.close(50)))); // one test leaves a handler that never ends
const kinds = {
  memory: async (observer: BusObserver) => createMemoryBus(observer),
  nats: (observer: BusObserver) => connectNats({ url: server.url, name: 'test', ...observer }),
};
async function make(kind: keyof typeof kinds, observer: BusObserver = {}) {
  const bus = await kinds[kind](observer);
  open.push(bus);
  return bus;
}
let unique = 0;
const topic = () => `test.${++unique}`;
const waitUntil = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(['memory', 'nats'] as const)('the bus port over %s', (kind) => {
  it('delivers subject, bytes and headers to everyone who listens, wildcards included', async () => {
    const bus = await make(kind);
    const subject = topic();
    const got: string[] = [];
    for (const pattern of [`${subject}.vote.1`, `${subject}.vote.*`, `${subject}.>`, `${subject}.other`])
      bus.subscribe(
        pattern,
        (m) => got.push(`${pattern.slice(subject.length)} ${m.subject.slice(subject.length)} ${text(m)} ${m.headers['Kind']}`),
        { queueLimit: 10 },
      );
    await bus.flush();
    expect(bus.publish(`${subject}.vote.1`, bytes('hello'), { Kind: 'greeting' })).toBe(true);
    await waitUntil(() => got.length === 3);
    expect(got.sort()).toEqual(['.> .vote.1 hello greeting', '.vote.* .vote.1 hello greeting', '.vote.1 .vote.1 hello greeting']);
  });
  it('reconnects when told to, and goes on listening, once, to what was not stopped', async () => {
    const bus = await make(kind);
    const subject = topic();
    const got: string[] = [];
    const statuses: string[] = [];
    bus.subscribe(subject, (m) => got.push(text(m)), { queueLimit: 10 });
    await bus.subscribe(subject, (m) => got.push(`stopped: ${text(m)}`), { queueLimit: 10 }).stop();
    await bus.flush();
    bus.onStatus((s) => statuses.push(s.kind));
    await bus.reconnect();
    expect([statuses.at(0), statuses.at(-1), bus.connected]).toEqual(['disconnected', 'connected', true]);
    await bus.flush();
    bus.publish(subject, bytes('still here'));
    bus.publish(subject, bytes('twice'));
    await waitUntil(() => got.includes('twice'));
    expect(got).toEqual(['still here', 'twice']);
  });
  it('a group shares messages: each is handled once', async () => {
    const bus = await make(kind);
    const subject = topic();
    const got: string[] = [];
    for (const group of ['g', 'g']) bus.subscribe(subject, (m) => got.push(text(m)), { queueLimit: 100, group });
    bus.subscribe(subject, (m) => void (text(m) === 'end' && got.push('end')), { queueLimit: 100 });
    await bus.flush();
    for (let i = 0; i < 20; i++) bus.publish(subject, bytes(String(i)));
    bus.publish(subject, bytes('end'));
    await waitUntil(() => got.length === 22);
    expect(new Set(got).size).toBe(21);
  });
  it('a slow handler: the oldest waiting messages are dropped and counted, the newest stay', async () => {
    const metrics = createMetrics('t_', { processMetrics: false });
    const bus = await make(kind, { onDrop: dropCounter(metrics) });
    const subject = topic();
    const gate = Promise.withResolvers<void>();
    const got: string[] = [];
    const all = Promise.withResolvers<void>();
    const slow = bus.subscribe(
      subject,
      async (m) => {
        got.push(text(m));
        await gate.promise;
      },
      { queueLimit: 3 },
    );
    bus.subscribe(subject, (m) => void (text(m) === '9' && all.resolve()), { queueLimit: 100 });
    await bus.flush();
    for (let i = 0; i < 10; i++) bus.publish(subject, bytes(String(i)));
    await all.promise;
    await waitUntil(() => slow.dropped === 6);
    expect(slow.pending).toBe(3);
    gate.resolve();
    await waitUntil(() => got.length === 4);
    expect(got).toEqual(['0', '7', '8', '9']);
    expect(await metrics.render()).toContain('t_bus_messages_dropped_total{reason="queue_full"} 6');
  });
  it('a handler that throws is reported, and the next message is handled', async () => {
    const errors: unknown[] = [];
    const bus = await make(kind, { onError: (error) => errors.push(error) });
    const subject = topic();
    const got: string[] = [];
    bus.subscribe(
      subject,
      (m) => {
        got.push(text(m));
        if (got.length === 1) throw new Error('sync');
        if (got.length === 2) return Promise.reject(new Error('async'));
        return undefined;
      },
      { queueLimit: 10 },
    );
    await bus.flush();
    for (const one of ['a', 'b', 'c']) bus.publish(subject, bytes(one));
    await waitUntil(() => got.length === 3 && errors.length === 2);
    expect(errors.map(String)).toEqual(['Error: sync', 'Error: async']);
  });
  it('request and respond; the responder’s error arrives with code, remedy and retry; a stranger’s text does not', async () => {
    const bus = await make(kind, {});
    const subject = topic();
    bus.respond(
      subject,
      async (m) => {
        if (text(m) === 'busy') throw rejection('RateLimited', 'slöw\r\ndown', { retryAfterMs: 7 });
        if (text(m) === 'bug') throw new Error('hunter2');
        return bytes(`re: ${text(m)}`);
      },
      { queueLimit: 10 },
    );
    await bus.flush();
    expect(text(await bus.request(subject, bytes('hi'), { timeoutMs: 5_000 }))).toBe('re: hi');
    await expect(bus.request(subject, bytes('busy'), { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 5002,
      message: 'slöw\r\ndown',
      retryAfterMs: 7,
      severity: 'low',
    });
    await expect(bus.request(subject, bytes('bug'), { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 9000, message: 'internal error' });
  });
  it('nobody there is PeerUnreachable at once, no answer is ProcessingTimeout', async () => {
    const bus = await make(kind);
    await expect(bus.request(topic(), bytes('x'), { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 6001 });
    const subject = topic();
    bus.respond(subject, () => new Promise(() => {}), { queueLimit: 1 });
    await bus.flush();
    await expect(bus.request(subject, bytes('x'), { timeoutMs: 30 })).rejects.toMatchObject({ code: 5003 });
  });
  it('stop ends a subscription after the running handler; close is safe to call twice', async () => {
    const bus = await make(kind);
    const subject = topic();
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    let done = false;
    const subscription = bus.subscribe(
      subject,
      async () => {
        entered.resolve();
        await gate.promise;
        done = true;
      },
      { queueLimit: 5 },
    );
    await bus.flush();
    bus.publish(subject, bytes('x'));
    await entered.promise;
    const stopped = subscription.stop().then(() => done);
    gate.resolve();
    expect(await stopped).toBe(true);
    await bus.close();
    await bus.close();
    expect(bus.connected).toBe(false);
    expect(bus.publish(subject, bytes('x'))).toBe(false);
  });
  it.each(['', 'a b', 'a..b', 'a.*', 'a.>', 'x'.repeat(300)])('%j is no subject to publish on', async (subject) => {
    const bus = await make(kind);
    expect(() => bus.publish(subject, bytes('x'))).toThrow('is no subject');
  });
});

describe('NATS itself', () => {
  it('an answer reaches who asked when the responder has a new connection meanwhile', async () => {
    const [responder, asker] = [await make('nats'), await make('nats')];
    const [entered, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const subject = topic();
    const answer = async () => {
      entered.resolve();
      await gate.promise;
      return bytes('here');
    };
    responder.respond(subject, answer, { queueLimit: 10 });
    await responder.flush();
    const asked = asker.request(subject, new Uint8Array(0), { timeoutMs: 4_000 });
    await entered.promise;
    await responder.reconnect();
    gate.resolve();
    expect(text(await asked)).toBe('here');
  });
  it('a message beyond the server’s limit is refused before it ends the connection', async () => {
    const bus = await make('nats');
    expect(() => bus.publish('test.large', new Uint8Array(1024 * 1024))).toThrow('exceeds the 1048576');
    expect(bus.connected).toBe(true);
  });
  it('no server: one clear error with exit code 69, and no credentials in it', async () => {
    const connecting = connectNats({ url: 'nats://s3cret@127.0.0.1:1', name: 'test', connectMs: 150 });
    await expect(connecting).rejects.toMatchObject({
      code: 8205,
      exitCode: 69,
      message: expect.stringMatching(/no NATS server answers at nats:\/\/\*\*\*@127\.0\.0\.1:1/),
    });
    await expect(connecting).rejects.not.toThrow('s3cret');
  });
  it('token, user and password come from the URL; wrong ones are refused at once', async () => {
    const guarded = await startNatsServer(['--auth', 't0ken']);
    const user = await startNatsServer(['--user', 'me', '--pass', 'p w']);
    try {
      const at = (credentials: string, { port }: NatsServer) =>
        connectNats({ url: `nats://${credentials}127.0.0.1:${port}`, name: 'test' });
      await (await at('t0ken@', guarded)).close();
      await (await at('me:p%20w@', user)).close();
      await expect(at('wrong@', guarded)).rejects.toMatchObject({ code: 8203, exitCode: 69 });
      await expect(at('', user)).rejects.toMatchObject({ code: 8203 });
    } finally {
      await Promise.all([guarded.stop(), user.stop()]);
    }
  });
  it('a killed server: status says so, publishing drops, and after the restart everything works again', async () => {
    const own = await startNatsServer();
    const dropped: string[] = [];
    const bus = await connectNats({ url: own.url, name: 'test', onDrop: (reason) => dropped.push(reason) });
    try {
      const seen: BusStatus['kind'][] = [];
      const got: string[] = [];
      const down = Promise.withResolvers<void>();
      const up = Promise.withResolvers<void>();
      bus.onStatus(({ kind }) => {
        seen.push(kind);
        if (kind === 'disconnected') down.resolve();
        if (kind === 'connected') up.resolve();
      });
      bus.subscribe('test.again', (m) => got.push(text(m)), { queueLimit: 10 });
      await bus.flush();
      await own.kill();
      await down.promise;
      expect(bus.connected).toBe(false);
      expect(bus.publish('test.again', bytes('lost'))).toBe(false);
      await expect(bus.request('test.again', bytes('x'), { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 6001 });
      await own.restart();
      await up.promise;
      bus.publish('test.again', bytes('back'));
      await waitUntil(() => got.length > 0);
      expect(got).toEqual(['back']);
      expect(dropped).toEqual(['disconnected']);
      expect(seen).toContain('disconnected');
    } finally {
      await bus.close();
      await own.stop();
    }
  });
});
