/** BullMQ on Redis doing nothing, as fast as it goes: what a queue without a ledger takes on this machine. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPorts } from '../../apps/bursar/src/devnet/ports.ts';
import type { Context } from './context.ts';

const JOBS = 60_000;
const BULK = 1_000;
const CONCURRENCY = 200;

export interface BullmqFigures {
  /** Jobs a second. */
  readonly addAndProcess: number;
  readonly process: number;
  readonly what: string;
}

/** @returns why there are no figures, when Redis or BullMQ is missing */
export async function measureBullmq({ folder, tools }: Context): Promise<BullmqFigures | string> {
  const server = [
    process.env['BURSAR_REDIS_SERVER'] ?? '',
    ...(process.env['PATH'] ?? '').split(delimiter).map((d) => join(d, 'redis-server')),
    join(tools, 'redis', 'usr', 'bin', 'redis-server'),
  ].find((p) => p !== '' && existsSync(p));
  if (server === undefined) return 'there is no redis-server on the PATH, in .tools/redis or in BURSAR_REDIS_SERVER';
  const dir = join(folder, 'redis');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const [port] = (await findPorts(1)) as [number];
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
  ];
  const redis = spawn(server, options, { stdio: 'ignore' });
  const onExit = () => redis.kill('SIGKILL');
  process.once('exit', onExit);
  try {
    return await run(port);
  } finally {
    redis.kill('SIGKILL');
    process.off('exit', onExit);
  }
}

async function run(port: number): Promise<BullmqFigures> {
  const { Queue, Worker } = await import('bullmq');
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  const add = async (): Promise<void> => {
    for (let at = 0; at < JOBS; at += BULK)
      await queue.addBulk(Array.from({ length: BULK }, (_, i) => ({ name: 'job', data: { i: at + i }, opts: { removeOnComplete: true } })));
  };
  const processed = async (during: () => Promise<void>): Promise<number> => {
    let done = 0;
    const worker = new Worker('bench', async () => void done++, { connection, concurrency: CONCURRENCY });
    const startedMs = performance.now();
    await during();
    while (done < JOBS) await sleep(5);
    const took = performance.now() - startedMs;
    await worker.close();
    return (JOBS * 1_000) / took;
  };
  await add();
  await processed(async () => {}); // warm
  const addAndProcess = await processed(add);
  await add();
  const process = await processed(async () => {});
  await queue.close();
  return { addAndProcess, process, what: 'BullMQ on Redis, append-only file, fsync every second: jobs that do nothing' };
}
