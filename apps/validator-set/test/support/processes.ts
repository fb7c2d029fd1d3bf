/** The real validator-set process, and a storage that serves prepared headers over real gRPC. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatGenesis } from '@bursar/protocol';
import { ledger, validatorSet } from '@bursar/protocol/rpc';
import { createRpcClient, createRpcServer } from '@bursar/shared-core';
import type { StreamedBlock } from '../../src/ports.ts';
import type { TestHeaders } from './headers.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
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
}

/** Serves blocks and goes on when more are added. */
export class StorageDouble {
  readonly #blocks: StreamedBlock[] = [];
  #more = Promise.withResolvers<void>();
  #stop: (() => Promise<void>) | undefined;

  add(...blocks: StreamedBlock[]): void {
    this.#blocks.push(...blocks);
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }

  async start(port: number): Promise<void> {
    const server = createRpcServer();
    server.add(
      ledger.Ledger,
      {
        getStatus: async () => ({ height: BigInt(this.#blocks.length) }),
        streamBlocks: ({ fromHeight }: { fromHeight: bigint }, { signal }: { signal: AbortSignal }) =>
          this.#stream(Number(fromHeight), signal),
      } as never,
      'public',
    );
    await server.listen('127.0.0.1', port);
    this.#stop = () => server.stop(100);
  }
  async stop(): Promise<void> {
    await this.#stop?.();
  }

  async *#stream(from: number, signal: AbortSignal) {
    const gone = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
    for (let at = from - 1; !signal.aborted; at++) {
      while (at >= this.#blocks.length && !signal.aborted) await Promise.race([this.#more.promise, gone]);
      const one = this.#blocks[at];
      if (one) yield { block: { height: BigInt(one.height), block: one.block, certificate: one.certificate }, results: [] };
    }
  }
}

export interface Running {
  readonly process: ChildProcess;
  output(): string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Resolves when the output matches. @throws when the process ends first */
  line(pattern: RegExp): Promise<unknown>;
}

export interface Cell {
  readonly dir: string;
  readonly storagePort: number;
  readonly grpcPort: number;
  readonly adminPort: number;
}

export async function prepareCell(cleanup: Cleanup, made: TestHeaders): Promise<Cell> {
  const dir = await mkdtemp(join(tmpdir(), 'bursar-validator-set-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const [storagePort, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(dir, 'genesis.json'), formatGenesis(made.genesis));
  await writeFile(join(dir, 'token'), 'token of the cell', { mode: 0o600 });
  const config = {
    instance: 'validator-0',
    validator: 0,
    genesis: join(dir, 'genesis.json'),
    dataDir: join(dir, 'data'),
    tokenFile: join(dir, 'token'),
    storageAddress: `127.0.0.1:${storagePort}`,
    grpcPort,
    adminPort,
    natsUrl: 'nats://127.0.0.1:9',
    logLevel: 'debug',
  };
  await writeFile(join(dir, 'config.json'), JSON.stringify(config));
  return { dir, storagePort, grpcPort, adminPort };
}

export const start = (cleanup: Cleanup, cell: Cell, args: readonly string[] = []): Running =>
  run(cleanup, process.execPath, [MAIN, '--config', join(cell.dir, 'config.json'), ...args]);

/** A NATS server from BURSAR_NATS_SERVER. @returns its URL */
export async function startNats(cleanup: Cleanup): Promise<string> {
  const binary = process.env['BURSAR_NATS_SERVER'];
  if (!binary) throw new Error('set BURSAR_NATS_SERVER to a nats-server binary, 2.11 or newer');
  const port = await freePort();
  await run(cleanup, binary, ['-a', '127.0.0.1', '-p', String(port)]).line(/Server is ready/);
  return `nats://127.0.0.1:${port}`;
}

function run(cleanup: Cleanup, command: string, args: readonly string[]): Running {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let text = '';
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | NodeJS.Signals | null>((done) => child.once('close', (code, signal) => done(code ?? signal)));
  cleanup.add(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const line = (pattern: RegExp): Promise<unknown> =>
    new Promise((found, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        listeners.delete(look);
        found(undefined);
      };
      listeners.add(look);
      void ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}:\n${text.slice(-4_000)}`)));
      look();
    });
  return { process: child, output: () => text, ended, line };
}

export function connect(cleanup: Cleanup, cell: Cell) {
  const client = createRpcClient(validatorSet.ValidatorSet, `127.0.0.1:${cell.grpcPort}`);
  cleanup.add(() => client.close());
  return client;
}

export const readyz = async (cell: Cell): Promise<number> => (await fetch(`http://127.0.0.1:${cell.adminPort}/readyz`)).status;
