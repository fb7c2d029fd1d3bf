import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectNats, DEAD_LETTER, type NatsBus, type StreamMessage } from '../src/index.ts';
import { type NatsServer, startNatsServer } from './support/nats-server.ts';

let server: NatsServer;
let bus: NatsBus;
beforeAll(async () => {
  server = await startNatsServer();
  bus = await connectNats({ url: server.url, name: 'test' });
  await bus.events.ensureStream('BLOCKS', ['blocks.>'], limits);
  await bus.events.ensureStream('DEAD', ['dead.>'], limits);
});
afterAll(async () => {
  await bus.close();
  await server.stop();
});
const limits = { maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (m: StreamMessage) => new TextDecoder().decode(m.data);
const deadLetterSubject = 'dead.blocks';
interface Info {
  readonly delivered: { readonly consumer_seq: number };
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
  readonly num_waiting: number;
}
const timers = () => process.getActiveResourcesInfo().filter((r) => r === 'Timeout').length;
/** Asks the server about a consumer until it is as wanted; the test's time-out is the bound. */
async function known(durable: string, wanted: (info: Info) => boolean): Promise<void> {
  const ask = () => bus.request(`$JS.API.CONSUMER.INFO.BLOCKS.${durable}`, new Uint8Array(0), { timeoutMs: 1_000 });
  while (!wanted(JSON.parse(new TextDecoder().decode((await ask()).data)) as Info)) await sleep(20);
}

describe('R7 event streams', () => {
  it('setting a stream up again changes its limits and nothing else', async () => {
    await bus.events.ensureStream('BLOCKS', ['blocks.>'], { ...limits, maxBytes: 2_000_000 });
    await bus.events.ensureStream('BLOCKS', ['blocks.>'], { ...limits, maxBytes: 2_000_000 });
  });
  it('the same id is published once', async () => {
    expect(await bus.events.publish('blocks.dup.0', bytes('a'), { id: '0-1' })).toMatchObject({ duplicate: false });
    expect(await bus.events.publish('blocks.dup.0', bytes('a'), { id: '0-1' })).toMatchObject({ duplicate: true });
  });
  it('publishing where no stream listens is an error, not silence', async () => {
    await expect(bus.events.publish('nowhere.x', bytes('a'), { id: '1', timeoutMs: 1_000 })).rejects.toMatchObject({ code: 6001 });
  });
  it('a durable consumer goes on where it stopped: nothing is lost, nothing acknowledged comes again', async () => {
    for (let n = 0; n < 6; n++) await bus.events.publish('blocks.order.0', bytes(String(n)), { id: `order-${n}` });
    const got: string[] = [];
    const options = { stream: 'BLOCKS', durable: 'order', subjects: ['blocks.order.*'], deadLetterSubject };
    for (const until of [3, 6]) {
      const enough = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const consumer = await bus.events.consume(options, async (m) => {
        got.push(text(m));
        if (got.length === until) {
          enough.resolve();
          await gate.promise;
        }
      });
      await enough.promise;
      const stopped = consumer.stop();
      gate.resolve();
      await stopped;
      await bus.flush();
    }
    expect(got.slice(0, 3)).toEqual(['0', '1', '2']);
    expect(got.slice(3).sort()).toEqual(['3', '4', '5']);
  });
  it('a poison message goes to the dead letters with its headers after the last try, the next one is handled, and it can be redriven', async () => {
    await bus.events.publish('blocks.poison.7', bytes('poison'), { id: '7-1', headers: { Kind: 'block' } });
    await bus.events.publish('blocks.poison.7', bytes('good'), { id: '7-2' });
    let broken = true;
    const tries: number[] = [];
    const handled: StreamMessage[] = [];
    const waiting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const consumer = await bus.events.consume(
      { stream: 'BLOCKS', durable: 'poison', subjects: ['blocks.poison.>'], maxDeliver: 2, deadLetterSubject },
      (m) => {
        if (text(m) === 'poison' && broken) {
          tries.push(m.delivery);
          throw new Error('cannot\r\nread this');
        }
        handled.push(m);
        waiting[handled.length - 1]?.resolve();
      },
    );
    const dead = Promise.withResolvers<StreamMessage>();
    const undertaker = await bus.events.consume({ stream: 'DEAD', durable: 'look', deadLetterSubject: 'dead.dead' }, (m) =>
      dead.resolve(m),
    );
    const letter = await dead.promise;
    expect(tries).toEqual([1, 2]);
    expect(text(letter)).toBe('poison');
    expect(letter.headers).toMatchObject({
      Kind: 'block',
      [DEAD_LETTER.subject]: 'blocks.poison.7',
      [DEAD_LETTER.stream]: 'BLOCKS',
      [DEAD_LETTER.deliveries]: '2',
      [DEAD_LETTER.reason]: 'cannot read this',
      [DEAD_LETTER.messageId]: '7-1',
    });
    await waiting[0]?.promise;
    expect(handled.map(text)).toEqual(['good']);
    await undertaker.stop();
    broken = false;
    expect(await bus.events.redrive('DEAD', 10)).toBe(1);
    await waiting[1]?.promise;
    expect(handled.map(text)).toEqual(['good', 'poison']);
    expect(handled[1]?.headers).toMatchObject({ Kind: 'block', 'Nats-Msg-Id': expect.stringMatching(/^7-1\/redrive\//) });
    expect(handled[1]?.headers).not.toHaveProperty(DEAD_LETTER.reason);
    expect(await bus.events.redrive('DEAD', 10)).toBe(0);
    await consumer.stop();
  });
  it('a consumer goes on by itself when the server was killed and restarted: nothing that was taken is lost', async () => {
    const got = new Set<string>();
    const arrived = new Map(['0', '1', '2'].map((n) => [n, Promise.withResolvers<void>()]));
    const consumer = await bus.events.consume(
      { stream: 'BLOCKS', durable: 'outage', subjects: ['blocks.outage.*'], deadLetterSubject, ackWaitMs: 1_000 },
      (m) => {
        got.add(text(m));
        arrived.get(text(m))?.resolve();
      },
    );
    const publish = (n: string) => bus.events.publish('blocks.outage.0', bytes(n), { id: `outage-${n}`, timeoutMs: 1_000 });
    await publish('0');
    await arrived.get('0')?.promise;
    for (const n of ['1', '2']) {
      const connected = Promise.withResolvers<void>();
      const forget = bus.onStatus(({ kind }) => kind === 'connected' && connected.resolve());
      await server.kill();
      await expect(publish(n)).rejects.toMatchObject({ code: 6001 });
      await server.restart();
      await connected.promise;
      forget();
      await publish(n);
      await arrived.get(n)?.promise;
    }
    expect([...got]).toEqual(['0', '1', '2']);
    await consumer.stop();
  });
  it('a new connection: what waits for the handler is handled once, in order, and acknowledged; nothing of the old one stays', async () => {
    const got: string[] = [];
    const [entered, gate, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const consumer = await bus.events.consume(
      { stream: 'BLOCKS', durable: 'moved', subjects: ['blocks.moved.*'], deadLetterSubject },
      async (m) => {
        got.push(text(m));
        entered.resolve();
        await gate.promise;
        if (text(m) === '4') last.resolve();
      },
    );
    const publish = (n: number) => bus.events.publish('blocks.moved.0', bytes(String(n)), { id: `moved-${n}` });
    for (const n of [0, 1, 2]) await publish(n);
    await entered.promise;
    await publish(3);
    await known('moved', ({ delivered }) => delivered.consumer_seq === 4);
    await bus.flush(); // all four are here
    const before = timers();
    for (let i = 0; i < 10; i++) {
      await bus.reconnect();
      await known('moved', ({ num_waiting }) => num_waiting > 0);
    }
    gate.resolve();
    await publish(4);
    await last.promise;
    expect(got).toEqual(['0', '1', '2', '3', '4']);
    await known('moved', ({ num_ack_pending, delivered }) => num_ack_pending === 0 && delivered.consumer_seq === 5);
    expect(timers()).toBeLessThan(before + 5);
    await consumer.stop();
  });
  it('a message that is delivered again while it waits is handled once', async () => {
    const got: string[] = [];
    const [gate, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const consumer = await bus.events.consume(
      { stream: 'BLOCKS', durable: 'again', subjects: ['blocks.again.*'], deadLetterSubject, ackWaitMs: 500 },
      async (m) => {
        got.push(text(m));
        await gate.promise;
        if (text(m) === '2') last.resolve();
      },
    );
    const publish = (n: number) => bus.events.publish('blocks.again.0', bytes(String(n)), { id: `again-${n}` });
    for (const n of [0, 1]) await publish(n);
    await known('again', ({ num_redelivered }) => num_redelivered === 2);
    await bus.flush();
    gate.resolve();
    await publish(2);
    await last.promise;
    expect(got.filter((n) => n === '1')).toEqual(['1']);
    await consumer.stop();
  });
  it('a handler that never ends: closing leaves nothing of its consumer', async () => {
    const before = timers();
    const own = await connectNats({ url: server.url, name: 'own' });
    const entered = Promise.withResolvers<void>();
    await own.events.consume({ stream: 'BLOCKS', durable: 'stuck', subjects: ['blocks.stuck.*'], deadLetterSubject }, () => {
      entered.resolve();
      return new Promise<void>(() => {});
    });
    await own.events.publish('blocks.stuck.0', bytes('x'), { id: 'stuck' });
    await entered.promise;
    await own.close(50);
    expect(timers()).toBeLessThanOrEqual(before);
  });
  it('a consumer of a missing stream is a clear error', async () => {
    await expect(bus.events.consume({ stream: 'NONE', durable: 'x', deadLetterSubject }, () => {})).rejects.toMatchObject({
      code: 8205,
      message: expect.stringContaining('NONE'),
    });
  });
});
