import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { health } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import { type CallContext, createMetrics, createRpcClient, createRpcServer, rejection } from '../src/index.ts';
import { Echo, type Note } from './support/echo.ts';
import { all, echo, failure, range, start } from './support/echo-server.ts';

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
  it('strangers who take all places of the public services take none of those of the token: neither behind it nor beside them', async () => {
    const { client, port } = await start({}, { maxCalls: 2 });
    const strangers = createRpcClient(health.Health, `127.0.0.1:${port}`);
    const leave = new AbortController();
    for (let n = 0; n < 2; n++) {
      const watched = strangers.watch({}, { signal: leave.signal })[Symbol.asyncIterator]();
      await watched.next();
    }
    expect(await failure(strangers.check({}))).toMatchObject({ code: 5001, reason: 'QUEUE_FULL' });
    expect(await client.say({ text: 'a block' })).toMatchObject({ text: 'a block' });
    const pretender = createRpcClient(health.Health, `127.0.0.1:${port}`, { bearer: 'wrong' });
    expect(await failure(pretender.check({}))).toMatchObject({ reason: 'QUEUE_FULL' });
    const own = createRpcClient(health.Health, `127.0.0.1:${port}`, { bearer: 'right' });
    expect(await own.check({})).toMatchObject({ status: health.HealthCheckResponse_ServingStatus.SERVING });
    leave.abort();
    for (const c of [strangers, pretender, own]) c.close();
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
  it('counts the calls on a stream in place of the stream', async () => {
    const metrics = createMetrics('echo_', { processMetrics: false });
    async function* chat(notes: AsyncIterable<Note>, { answered }: CallContext) {
      for await (const note of notes) {
        answered(1, note.number === 1 ? rejection('RateLimited') : undefined);
        yield note;
      }
    }
    const { client } = await start({ chat }, { metrics });
    await all(client.chat(range(3)));
    const text = await metrics.render();
    expect(text).toContain('echo_rpc_server_calls_total{method="Echo/Chat",outcome="ok"} 2');
    expect(text).toContain('echo_rpc_server_calls_total{method="Echo/Chat",outcome="rejected"} 1');
  });
});
