import { ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { BursarError, type CallContext, rejection } from '../src/index.ts';
import type { Note } from './support/echo.ts';
import { all, deferred, failure, range, start, waiting } from './support/echo-server.ts';

describe('A7 calls of all four kinds over a real socket', () => {
  it('unary: the reply is the promise', async () => {
    const { client } = await start();
    expect(await client.say({ text: 'hello', number: 7 })).toMatchObject({ text: 'hello', number: 7 });
  });
  it('server streaming: 3,000 messages arrive in order under back-pressure', async () => {
    const { client } = await start();
    expect((await all(client.count({ text: 'n', number: 3_000 }))).map((n) => n.number)).toEqual(
      Array.from({ length: 3_000 }, (_, i) => i),
    );
  });
  it('client streaming: 3,000 messages are all read', async () => {
    const { client } = await start();
    expect((await client.collect(range(3_000))).number).toBe((2_999 * 3_000) / 2);
  });
  it('bidirectional: replies pair with requests', async () => {
    const { client } = await start();
    expect((await all(client.chat(range(500)))).map((n) => n.number)).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i));
  });
  it('client streaming: a server that has heard enough answers, and the endless source is ended', async () => {
    const ended = deferred();
    async function* endless() {
      try {
        for (;;) yield { text: 'again', number: 1 };
      } finally {
        ended.resolve();
      }
    }
    const { client } = await start({
      async collect(notes) {
        for await (const note of notes) return note;
        return { text: 'none' };
      },
    });
    expect((await client.collect(endless())).text).toBe('again');
    await ended.promise;
  });
  it('client streaming: what the source throws is what the caller gets', async () => {
    // biome-ignore lint/correctness/useYield: it throws first
    async function* broken(): AsyncGenerator<{ text: string }> {
      throw new Error('source broke');
    }
    const { client } = await start();
    await expect(client.collect(broken())).rejects.toThrow('source broke');
    await expect(all(client.chat(broken()))).rejects.toThrow('source broke');
  });
});

describe('leaving early', () => {
  it('breaking out of a stream cancels it on the server', async () => {
    const left = deferred<BursarError>();
    const { client } = await start({
      async *count(_, { signal }: CallContext) {
        signal.addEventListener('abort', () => left.resolve(signal.reason));
        for (let number = 0; ; number++) yield { text: 'n', number };
      },
    });
    for await (const note of client.count({ text: 'n' })) if (note.number === 3) break;
    expect((await left.promise).reason).toBe('CANCELLED');
  });
  it.each(['say', 'count'] as const)('an AbortSignal ends %s on both sides', async (kind) => {
    const { entered, left, wait } = waiting();
    const { client } = await start({
      say: (_, { signal }) => wait(signal),
      // biome-ignore lint/correctness/useYield: it only waits
      async *count(_, { signal }) {
        await wait(signal);
      },
    });
    const abort = new AbortController();
    const call =
      kind === 'say' ? client.say({ text: 'x' }, { signal: abort.signal }) : all(client.count({ text: 'x' }, { signal: abort.signal }));
    const failed = failure(call);
    await entered;
    abort.abort();
    expect((await failed).reason).toBe('CANCELLED');
    expect((await left).reason).toBe('CANCELLED');
  });
  it('a stopping server ends its streams with a reason and waits for nobody who waits for ever', async () => {
    const { entered, wait } = waiting();
    const { client, server } = await start({
      // biome-ignore lint/correctness/useYield: it only waits
      async *count(_, { signal }) {
        await wait(signal);
      },
    });
    const failed = failure(all(client.count({ text: 'x' })));
    await entered;
    await server.stop(1_000);
    expect(await failed).toMatchObject({ code: 6001, reason: 'PEER_UNREACHABLE', retryAfterMs: 1_000 });
  });
  it('nor does it leave a single reply without one: it is told that the server stops', async () => {
    const { entered, left, wait } = waiting();
    const { client, server } = await start({ say: (_, { signal }) => wait(signal) });
    const failed = failure(client.say({ text: 'x' }));
    await entered;
    await server.stop(10);
    expect(await failed).toMatchObject({ code: 6001, reason: 'PEER_UNREACHABLE', message: 'the server is stopping', retryAfterMs: 1_000 });
    expect((await left).reason).toBe('PEER_UNREACHABLE');
  });
  it('while it stops, a call that is under way is answered', async () => {
    const entered = deferred();
    const going = deferred();
    const { client, server } = await start({
      async say(note) {
        entered.resolve();
        await going.promise;
        return note;
      },
    });
    const answer = client.say({ text: 'x' });
    await entered.promise;
    const stopped = server.stop(60_000);
    going.resolve();
    expect((await answer).text).toBe('x');
    client.close();
    await stopped;
  });
});

describe('deadlines', () => {
  it('the caller’s deadline ends the call on both sides', async () => {
    const { left, wait } = waiting();
    const { client } = await start({ say: (_, { signal }) => wait(signal) });
    expect(await failure(client.say({ text: 'x' }, { timeoutMs: 50 }))).toMatchObject({ code: 5003 });
    expect(['CANCELLED', 'PROCESSING_TIMEOUT']).toContain((await left).reason);
  });
  it('the server’s own limit holds for a caller who asks for hours', async () => {
    const { wait } = waiting();
    const { client } = await start({ say: (_, { signal }) => wait(signal) }, { unaryMs: 50 });
    const error = await failure(client.say({ text: 'x' }, { timeoutMs: 3_600_000 }));
    expect(error).toMatchObject({ code: 5003, reason: 'PROCESSING_TIMEOUT', severity: 'medium' });
    expect(error.remedy).not.toBe('');
  });
});

describe('errors with google.rpc details', () => {
  const thrown = rejection('RateLimited', 'slow down', {
    retryAfterMs: 1_500,
    details: { peer: 'v3' },
    violations: [{ field: 'items[2].amount', description: 'must be positive' }],
  });
  it.each(['say', 'count', 'collect', 'chat'] as const)(
    '%s: code, reason, severity, remedy, details, violations and retry survive',
    async (kind) => {
      // biome-ignore lint/correctness/useYield: it throws first
      const stream = async function* (): AsyncGenerator<Note> {
        throw thrown;
      };
      const single = async () => {
        throw thrown;
      };
      const { client } = await start({ say: single, collect: single, count: stream, chat: stream });
      const call = {
        say: () => client.say({ text: 'x' }),
        collect: () => client.collect(range(1)),
        count: () => all(client.count({ text: 'x' })),
        chat: () => all(client.chat(range(1))),
      };
      const error = await failure(call[kind]());
      expect(error).toBeInstanceOf(BursarError);
      expect({ ...error }).toMatchObject({
        code: 5002,
        reason: 'RATE_LIMITED',
        severity: 'low',
        remedy: thrown.remedy,
        retryAfterMs: 1_500,
        details: { peer: 'v3', grpc: 'RESOURCE_EXHAUSTED' },
        violations: thrown.violations,
      });
      expect(error.message).toBe('slow down');
    },
  );
  it('a stranger’s text never leaves the server', async () => {
    const { client } = await start({
      say: async () => {
        throw new Error('password is hunter2');
      },
    });
    const error = await failure(client.say({ text: 'x' }));
    expect(error).toMatchObject({ code: 9000, message: 'internal error' });
    expect(JSON.stringify({ ...error, cause: undefined })).not.toContain('hunter2');
  });
  it('a request that breaks a protovalidate rule names the field, in a message and in a stream', async () => {
    const { client } = await start();
    const violations = [expect.objectContaining({ field: 'text' })];
    expect(await failure(client.say({ text: '' }))).toMatchObject({ code: 1004, violations });
    async function* bad() {
      yield { text: 'good' };
      yield { text: '' };
    }
    expect(await failure(client.collect(bad()))).toMatchObject({ code: 1004, violations });
    expect(await failure(all(client.chat(bad())))).toMatchObject({ code: 1004, violations });
  });
  it('bytes that are no message, and a message beyond 16 MiB, are refused with details', async () => {
    const { client, port } = await start();
    const raw = new Client(`127.0.0.1:${port}`, ChannelCredentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer right');
    const error = await new Promise<ServiceError | null>((resolve) =>
      raw.makeUnaryRequest(
        '/bursar.test.v1.Echo/Say',
        (b: Buffer) => b,
        (b) => b,
        Buffer.from([0xff, 0xff]),
        metadata,
        {},
        (e) => resolve(e),
      ),
    );
    raw.close();
    expect(error?.code).toBe(3);
    expect(error?.metadata.get('grpc-status-details-bin')).toHaveLength(1);
    expect(await failure(client.say({ text: 'x', blob: new Uint8Array(16 * 1024 * 1024) }))).toMatchObject({
      code: 1004,
      remedy: 'Split the request.',
    });
  });
  it('an error with far too many violations still fits the trailers', async () => {
    const violations = Array.from({ length: 5_000 }, (_, i) => ({ field: `f${i}`.repeat(50), description: 'x'.repeat(500) }));
    const { client } = await start({
      say: async () => {
        throw rejection('FieldInvalid', 'm'.repeat(100_000), {
          violations,
          details: Object.fromEntries(violations.map((v) => [v.field, v.description])),
        });
      },
    });
    const error = await failure(client.say({ text: 'x' }));
    expect(error.code).toBe(8002);
    expect(error.violations.length).toBeGreaterThan(0);
  });
});
