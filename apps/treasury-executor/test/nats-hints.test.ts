/** Hints from a real NATS server; the executor must live without it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connectNats } from '@bursar/shared-core';
import { afterEach, it } from '@jest/globals';
import { natsHints } from '../src/adapters/nats-hints.ts';

const CHAIN = 'ab'.repeat(32);
let server: ChildProcess | undefined;

async function startNats(port = -1): Promise<number> {
  const binary = process.env['BURSAR_NATS_SERVER'];
  if (!binary) throw new Error('BURSAR_NATS_SERVER must name the nats-server program; npm test sets it');
  const child = spawn(binary, ['-a', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  server = child;
  let listening = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    listening = Number(/Listening for client connections on .*:(\d+)/.exec(line)?.[1] ?? listening);
    if (line.includes('Server is ready')) break;
  }
  child.stderr.resume();
  return listening;
}
async function stopNats(): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
}
afterEach(stopNats);

it('rings with events of any validator, says when NATS is gone, and comes back by itself', async () => {
  const port = await startNats();
  const url = `nats://127.0.0.1:${port}`;
  const abort = new AbortController();
  let onNext: (what: string) => void = () => {};
  const seen = (wanted: string) =>
    new Promise<void>((resolve) => {
      onNext = (what) => what === wanted && resolve();
    });
  const up = seen('up');
  const close = natsHints({
    url,
    name: 'test',
    chain: CHAIN,
    signal: abort.signal,
    onHint: () => onNext('hint'),
    onState: (connected) => onNext(connected ? 'up' : 'down'),
  });
  await up;
  const event = async () => {
    const publisher = await connectNats({ url, name: 'storage' });
    publisher.publish(`bursar.${CHAIN.slice(0, 16)}.storage.v1.block.final.3`, new Uint8Array(1));
    await publisher.flush();
    await publisher.close();
  };
  const first = seen('hint');
  await event();
  await first;
  const down = seen('down');
  await stopNats();
  await down;
  const again = seen('up');
  await startNats(port);
  await again;
  const second = seen('hint');
  await event();
  await second;
  abort.abort();
  await close();
}, 30_000);

it('ends while no server has ever answered', async () => {
  const abort = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const close = natsHints({
    url: 'nats://127.0.0.1:1',
    name: 'test',
    chain: CHAIN,
    signal: abort.signal,
    onHint: () => {},
    onState: (connected) => connected || resolve(),
  });
  abort.abort();
  resolve();
  await promise;
  await close();
}, 30_000);
