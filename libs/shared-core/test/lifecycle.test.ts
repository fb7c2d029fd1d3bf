import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';

const program = new URL('./support/service.ts', import.meta.url).pathname;
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** Starts the service and gives its lines, a promise of the started line and of the exit code. */
function run(mode: string, env: Record<string, string> = {}, parent = '') {
  const child = spawn(process.execPath, ['--no-warnings', program, mode, parent], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  const started = Promise.withResolvers<void>();
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', (line) => {
    lines.push(line);
    if (line === 'started') started.resolve();
  });
  const closed = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(([[code]]) => code as number | null);
  void closed.then(() => started.resolve());
  const own = () => lines.filter((line) => !line.startsWith('{'));
  const logged = () => lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, started: started.promise, closed, own, logged };
}

describe('a graceful stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: unready → drain → consumers → gRPC → flush → exit 0, in spite of a broken step',
    async (signal) => {
      const { child, started, closed, own, logged } = run('');
      await started;
      child.kill(signal);
      expect(await closed).toBe(0);
      expect(own()).toEqual(['started', 'drain 1', 'drain 2', 'consumers', 'grpc, ready false, aborted true', 'flush']);
      expect(logged()).toContainEqual(expect.objectContaining({ level: 'error', step: 'broken', stage: 'consumers' }));
    },
  );
  it('an endless step is left behind after its deadline', async () => {
    const { child, started, closed, own } = run('endless');
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(0);
    expect(own().at(-1)).toBe('flush');
  });
  it('the whole stop has a deadline, too: then exit 1', async () => {
    const { child, started, closed, logged } = run('stuck');
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(1);
    expect(logged().at(-1)).toMatchObject({ level: 'fatal', msg: 'test did not stop in time' });
  });
  it('the log that cannot be synced any more makes the stop a failure: exit 70', async () => {
    const { child, started, closed, logged } = run('failed last fsync');
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(70);
    expect(logged()).toContainEqual(expect.objectContaining({ level: 'error', step: 'log', stage: 'flush' }));
  });
  it('stops when the parent process is gone', async () => {
    const parent = spawn('sleep', ['600']);
    children.push(parent);
    const { started, closed, own } = run('', {}, String(parent.pid));
    await started;
    parent.kill('SIGKILL');
    expect(await closed).toBe(0);
    expect(own().at(-1)).toBe('flush');
  });
});

describe('exit codes', () => {
  it.each([
    ['unstartable', 69, 'test could not start: no nats here'],
    ['uncaught', 1, 'test: an error that nobody caught'],
    ['unhandled', 1, 'test: a rejection that nobody handled'],
    ['fatal', 70, 'test must stop: another root'],
    ['full disk', 69, expect.stringMatching(/^test must stop: no space is left for the log in /)],
    ['failed write', 70, expect.stringMatching(/^test must stop: the log in .* cannot be read or written: input\/output error$/)],
    ['failed fsync', 70, expect.stringMatching(/^test must stop: the log in .* cannot be read or written: input\/output error$/)],
  ])('%s exits with %d and says why', async (mode, code, message) => {
    const { closed, logged } = run(mode);
    expect(await closed).toBe(code);
    expect(logged().at(-1)).toMatchObject({ level: 'fatal', msg: message, exitCode: code });
  });
});

describe('a stdout on a full disk', () => {
  it('costs the log lines, and neither the service nor its exit code', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, ['--no-warnings', program, 'fatal'], { stdio: ['ignore', full, 'ignore'] });
    closeSync(full);
    children.push(child);
    expect((await once(child, 'exit'))[0]).toBe(70);
  });
});

describe('telemetry in a process of its own', () => {
  it('with exporter none, spans still have real ids, sampled', async () => {
    const { child, started, closed, own } = run('span');
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(0);
    const [, traceId, spanId] = /^span 00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(own()[0] ?? '') ?? [];
    expect(traceId).toMatch(/[1-9a-f]/);
    expect(spanId).toMatch(/[1-9a-f]/);
  });
  it('OTEL_TRACES_SAMPLER is respected', async () => {
    const { child, started, closed, own } = run('span', { OTEL_TRACES_SAMPLER: 'always_off' });
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(0);
    expect(own()[0]).toMatch(/^span 00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });
  it('a collector that is not there neither breaks nor delays the exit code', async () => {
    const { child, started, closed } = run('span', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    await started;
    child.kill('SIGTERM');
    expect(await closed).toBe(0);
  });
  it.each(['http/json', 'http/protobuf'])('OTEL_EXPORTER_OTLP_ENDPOINT gets the spans as %s', async (protocol) => {
    const { createServer } = await import('node:http');
    const received = Promise.withResolvers<{ type: string | undefined; body: string }>();
    const collector = createServer((request, response) => {
      let body = '';
      request.setEncoding('latin1').on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.resolve({ type: request.headers['content-type'], body });
        response.writeHead(200, { 'content-type': request.headers['content-type'] }).end(protocol === 'http/json' ? '{}' : '');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as { port: number };
    const { child, started, closed } = run('span', {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_RESOURCE_ATTRIBUTES: 'team=blue,service.instance.id=inherited',
    });
    await started;
    child.kill('SIGTERM');
    const { type, body } = await received.promise;
    expect(await closed).toBe(0);
    expect(type).toBe(protocol === 'http/json' ? 'application/json' : 'application/x-protobuf');
    for (const word of ['service.instance.id', 'blue', 'x']) expect(body).toContain(word);
    expect(body).not.toContain('inherited');
    expect(body).not.toContain('command');
    collector.close();
  });
});
