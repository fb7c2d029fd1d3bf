import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { health } from '@bursar/protocol/rpc';
import { ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BursarError,
  type CallContext,
  createMetrics,
  createRpcClient,
  createRpcServer,
  type Handlers,
  type RpcClient,
  type RpcServer,
  rejection,
} from '../src/index.ts';
import { Echo, type EchoService, type Note } from './support/echo.ts';

const open: { server: RpcServer; client: RpcClient<EchoService> }[] = [];
afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.close();
    await server.stop(200);
  }
});

function deferred<T = void>() {
  return Promise.withResolvers<T>();
}
async function* range(n: number): AsyncGenerator<{ text: string; number: number }> {
  for (let number = 0; number < n; number++) yield { text: 'n', number };
}
const echo: Handlers<EchoService> = {
  say: async (note) => note,
  count: (note) => range(note.number),
  async collect(notes) {
    let number = 0;
    for await (const note of notes) number += note.number;
    return { text: 'sum', number };
  },
  async *chat(notes) {
    for await (const note of notes) yield { text: note.text, number: note.number * 2 };
  },
};
async function start(
  handlers: Partial<Handlers<EchoService>> = {},
  options: { token?: string; unaryMs?: number; metrics?: ReturnType<typeof createMetrics> } = {},
) {
  const { token, ...rest } = options;
  const server = createRpcServer({ bearer: 'right', ...rest });
  server.add(Echo, { ...echo, ...handlers }, 'bearer');
  const port = await server.listen('127.0.0.1', 0);
  const client = createRpcClient(Echo, `127.0.0.1:${port}`, { bearer: token ?? 'right' });
  open.push({ server, client });
  return { server, client, port };
}
const failure = (promise: Promise<unknown>): Promise<BursarError> =>
  promise.then(
    () => Promise.reject(new Error('no error')),
    (e) => e,
  );
async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
/** A handler that waits until its call is over and says why. */
function waiting() {
  const entered = deferred();
  const left = deferred<BursarError>();
  const wait = async (signal: AbortSignal): Promise<never> => {
    entered.resolve();
    return await new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        left.resolve(signal.reason);
        reject(signal.reason);
      }),
    );
  };
  return { entered: entered.promise, left: left.promise, wait };
}

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

describe('access', () => {
  it('a wrong and a missing token are refused, and the handler never runs', async () => {
    let ran = 0;
    const say = async (note: Note) => {
      ran++;
      return note;
    };
    const { client, port } = await start({ say }, { token: 'wrong' });
    const bare = createRpcClient(Echo, `127.0.0.1:${port}`);
    expect(await failure(client.say({ text: 'x' }))).toMatchObject({ code: 8203, reason: 'UNAUTHENTICATED' });
    expect(await failure(bare.say({ text: 'x' }))).toMatchObject({ code: 8203 });
    expect(await failure(all(bare.count({ text: 'x' })))).toMatchObject({ code: 8203 });
    bare.close();
    expect(ran).toBe(0);
  });
  it('a server without a token does not open a service that demands one', () => {
    const server = createRpcServer();
    expect(() => server.add(Echo, echo, 'bearer')).toThrow('demands a token');
  });
  it('health and reflection are public', async () => {
    const { server, port } = await start();
    const client = createRpcClient(health.Health, `127.0.0.1:${port}`);
    expect((await client.check({})).status).toBe(health.HealthCheckResponse_ServingStatus.SERVING);
    expect((await failure(client.check({ service: 'nobody' }))).code).toBe(8201);
    const seen: number[] = [];
    for await (const { status } of client.watch({ service: 'bursar.test.v1.Echo' })) {
      seen.push(status);
      if (seen.length === 1) server.setServing('bursar.test.v1.Echo', false);
      else break;
    }
    expect(seen).toEqual([1, 2]);
    expect(Object.keys((await client.list({})).statuses)).toContain('bursar.test.v1.Echo');
    client.close();
  });
  it('buf curl finds and calls the service by reflection alone', async () => {
    const { port } = await start();
    const run = promisify(execFile);
    const buf = new URL('../../../node_modules/.bin/buf', import.meta.url).pathname;
    const curl = (...args: string[]) => run(buf, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args]);
    const listed = await curl('--list-services', `http://127.0.0.1:${port}`);
    expect(listed.stdout.trim().split('\n').sort()).toEqual([
      'bursar.test.v1.Echo',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]);
    const said = await curl('-H', 'authorization: Bearer right', '-d', '{"text":"hi"}', `http://127.0.0.1:${port}/bursar.test.v1.Echo/Say`);
    expect(JSON.parse(said.stdout)).toEqual({ text: 'hi' });
  });
});

describe('running', () => {
  it('a taken port is an error that names it, with exit code 69', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const server = createRpcServer();
    const error = await failure(server.listen('127.0.0.1', port));
    expect(error).toMatchObject({ reason: 'PORT_TAKEN', exitCode: 69 });
    expect(error.message).toContain(`port ${port} on 127.0.0.1`);
    expect(error.message).toContain('already in use');
    holder.close();
  });
  it('a server that is not there is PeerUnreachable', async () => {
    const client = createRpcClient(Echo, '127.0.0.1:1');
    expect(await failure(client.ready(200))).toMatchObject({ code: 6001 });
    expect(await failure(client.say({ text: 'x' }))).toMatchObject({ code: 6001, details: { grpc: 'UNAVAILABLE' } });
    client.close();
  });
  it('counts calls by method and outcome', async () => {
    const metrics = createMetrics('echo_', { processMetrics: false });
    const { client } = await start({}, { metrics });
    await client.say({ text: 'x' });
    await failure(client.say({ text: '' }));
    const text = await metrics.render();
    expect(text).toContain('echo_rpc_server_calls_total{method="Echo/Say",outcome="ok"} 1');
    expect(text).toContain('echo_rpc_server_calls_total{method="Echo/Say",outcome="rejected"} 1');
  });
});
