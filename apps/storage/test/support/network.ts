/** Real processes for integration tests: storage from its source, NATS from BURSAR_NATS_SERVER; free ports, own folders. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { formatGenesis } from '@bursar/protocol';
import { commits, ledger } from '@bursar/protocol/rpc';
import { createRpcClient, openStreamCalls } from '@bursar/shared-core';
import type { TestChain } from './chain.ts';

export const TOKEN = 'test-token-of-the-cell';
const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export interface Running {
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Resolves when a line of the output matches. @throws when the process ends first */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '', ...env } });
  let text = '';
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | NodeJS.Signals | null>((done) => child.once('close', (code, signal) => done(code ?? signal)));
  return {
    process: child,
    output: () => text,
    ended,
    line: (pattern) =>
      new Promise((found, reject) => {
        const look = (): void => {
          const match = pattern.exec(text);
          if (!match) return;
          listeners.delete(look);
          found(match);
        };
        listeners.add(look);
        void ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}:\n${text.slice(-4_000)}`)));
        look();
      }),
  };
}

/** Everything that a test opened, closed again in the end, whatever happened. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];
  add(step: () => unknown): void {
    this.#steps.push(step);
  }
  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
  async folder(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'bursar-storage-'));
    this.add(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }
}

export interface Cell {
  readonly dir: string;
  readonly grpcPort: number;
  readonly adminPort: number;
  readonly config: string;
}

/** Writes genesis, token and configuration; nothing runs yet. */
export async function prepareCell(
  cleanup: Cleanup,
  chain: TestChain,
  natsUrl = 'nats://127.0.0.1:9',
  settings: object = {},
): Promise<Cell> {
  const dir = await cleanup.folder();
  const [grpcPort, adminPort] = [await freePort(), await freePort()];
  const path = (name: string): string => join(dir, name);
  await writeFile(path('genesis.json'), formatGenesis(chain.genesis));
  await writeFile(path('token'), TOKEN, { mode: 0o600 });
  const config = {
    instance: 'validator-0',
    validator: 0,
    genesis: path('genesis.json'),
    dataDir: path('data'),
    tokenFile: path('token'),
    grpcPort,
    adminPort,
    natsUrl,
    logLevel: 'debug',
    ...settings,
  };
  await writeFile(path('config.json'), JSON.stringify(config));
  return { dir, grpcPort, adminPort, config: path('config.json') };
}

export function startStorage(cleanup: Cleanup, cell: Cell, args: readonly string[] = []): Running {
  const running = run(process.execPath, [MAIN, '--config', cell.config, ...args]);
  cleanup.add(async () => {
    running.process.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

export async function startNats(
  cleanup: Cleanup,
): Promise<{ readonly url: string; readonly running: Running; readonly port: number; readonly dir: string }> {
  const dir = await cleanup.folder();
  const port = await freePort();
  return { ...(await restartNats(cleanup, dir, port)), port, dir };
}

export async function restartNats(
  cleanup: Cleanup,
  dir: string,
  port: number,
): Promise<{ readonly url: string; readonly running: Running }> {
  const binary = process.env['BURSAR_NATS_SERVER'];
  if (!binary) throw new Error('set BURSAR_NATS_SERVER to a nats-server binary, 2.11 or newer');
  const running = run(binary, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', dir]);
  cleanup.add(async () => {
    running.process.kill('SIGKILL');
    await running.ended;
  });
  await running.line(/Server is ready/);
  return { url: `nats://127.0.0.1:${port}`, running };
}

export function clients(cleanup: Cleanup, cell: Cell, bearer: string | undefined = TOKEN) {
  const address = `127.0.0.1:${cell.grpcPort}`;
  const writes = createRpcClient(commits.Commits, address, { bearer });
  const calls = openStreamCalls(writes.commit, { what: 'storage', timeoutMs: 30_000, most: 1 });
  const reads = createRpcClient(ledger.Ledger, address);
  cleanup.add(() => {
    calls.close();
    writes.close();
    reads.close();
  });
  const commit = async (block: MessageInitShape<typeof commits.FinalBlockSchema>): Promise<commits.ExecutedBlock> =>
    (await calls.call({ block })).executed as commits.ExecutedBlock;
  return { commits: { ...writes, commit }, ledger: reads };
}

export async function admin(cell: Cell, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${cell.adminPort}${path}`);
  return { status: response.status, body: await response.text() };
}
