/** Four real consensus processes over a real NATS server, each with the rest of its cell beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatGenesis } from '@bursar/protocol';
import { consensus, transactions } from '@bursar/protocol/rpc';
import { connectNats, createRpcClient, type NatsBus } from '@bursar/shared-core';
import { Cell, TOKEN } from './cell.ts';
import { testGenesis } from './genesis.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Asks again until `probe` answers something; the deadline only bounds a failing run. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined, deadlineMs = 60_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await Promise.resolve(probe()).catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await sleep(50);
  }
}

async function startNats(dir: string, port: number): Promise<{ url: string; child: ChildProcess }> {
  const program = process.env['BURSAR_NATS_SERVER'];
  if (!program) throw new Error('BURSAR_NATS_SERVER must name a nats-server binary');
  const child = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '-sd', dir], { stdio: 'ignore' });
  return { url: `nats://127.0.0.1:${port}`, child };
}

export class Network {
  readonly dir = mkdtempSync(join(tmpdir(), 'consensus-'));
  readonly cells: Cell[];
  readonly chain: string;
  readonly #children: (ChildProcess | undefined)[] = [];
  readonly #ports: { grpc: number; admin: number }[] = [];
  #natsPort = 0;
  #nats: { url: string; child: ChildProcess } | undefined;

  constructor(n: number) {
    const { genesis, chain, keys } = testGenesis(n);
    this.chain = chain;
    this.cells = keys.map((k, i) => new Cell(i, genesis, chain, k));
    writeFileSync(join(this.dir, 'genesis.json'), formatGenesis(genesis));
    writeFileSync(join(this.dir, 'token'), TOKEN, { mode: 0o600 });
  }

  async start(): Promise<void> {
    this.#natsPort = await freePort();
    await this.startNats();
    for (const cell of this.cells) {
      await cell.start();
      this.#ports.push({ grpc: await freePort(), admin: await freePort() });
    }
    for (const { self } of this.cells) this.launch(self);
    await Promise.all(this.cells.map(({ self }) => this.ready(self)));
  }
  async startNats(): Promise<void> {
    this.#nats = await startNats(this.dir, this.#natsPort);
  }
  /** A place on the wire, for what no honest process sends. */
  async connect(): Promise<NatsBus> {
    return await connectNats({ url: this.#nats?.url ?? '', name: 'intruder' });
  }
  async killNats(): Promise<void> {
    const nats = this.#nats?.child;
    if (!nats || nats.exitCode !== null || nats.signalCode !== null) return;
    nats.kill('SIGKILL');
    await once(nats, 'exit');
  }
  /** What /readyz says is missing. */
  async unready(i: number): Promise<string> {
    const url = `http://127.0.0.1:${this.#ports[i]?.admin}/readyz`;
    return await until(`validator ${i} is unready`, async () => {
      const answer = await fetch(url);
      return answer.ok ? undefined : await answer.text();
    });
  }
  launch(i: number): void {
    const dir = join(this.dir, String(i));
    mkdirSync(dir, { recursive: true });
    const address = `127.0.0.1:${this.cells[i]?.port}`;
    const config = {
      instance: `validator-${i}`,
      genesis: join(this.dir, 'genesis.json'),
      dataDir: join(dir, 'data'),
      grpcPort: this.#ports[i]?.grpc,
      adminPort: this.#ports[i]?.admin,
      natsUrl: this.#nats?.url,
      validator: i,
      tokenFile: join(this.dir, 'token'),
      signingAddress: address,
      storageAddress: address,
      validatorSetAddress: address,
      logLevel: process.env['LOG_LEVEL'] ?? 'info',
      parentPid: process.pid,
    };
    writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
    const out = openSync(join(dir, 'log.txt'), 'a');
    this.#children[i] = spawn(process.execPath, [MAIN, '--config', join(dir, 'config.json')], { stdio: ['ignore', out, out] });
    closeSync(out);
  }
  async ready(i: number): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports[i]?.admin}/readyz`;
    await until(`validator ${i} is ready`, async () => {
      const child = this.#children[i];
      if (child && child.exitCode !== null) throw new Error(this.output(i));
      return (await fetch(url)).ok || undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output(i).slice(-4_000)}`);
    });
  }
  async kill(i: number): Promise<void> {
    const child = this.#children[i];
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  /** Asks it to end and says with which code it did. */
  async terminate(i: number): Promise<number | null> {
    const child = this.#children[i] as ChildProcess;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await ended;
    return code as number | null;
  }
  /** The code with which it ends by itself. */
  async ended(i: number): Promise<number | null> {
    const child = this.#children[i] as ChildProcess;
    if (child.exitCode === null) await once(child, 'exit');
    return child.exitCode;
  }
  /** What it left for the operator when it halted. */
  dump(i: number): Record<string, unknown> {
    const data = join(this.dir, String(i), 'data');
    const name = readdirSync(data).find((n) => /^halt-\d+\.json$/.test(n)) ?? '';
    return JSON.parse(readFileSync(join(data, name), 'utf8'));
  }
  output(i: number): string {
    return readFileSync(join(this.dir, String(i), 'log.txt'), 'utf8');
  }
  async metrics(i: number): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.#ports[i]?.admin}/metrics`)).text();
  }
  address(i: number): string {
    return `127.0.0.1:${this.#ports[i]?.grpc}`;
  }
  transactions(i: number) {
    return createRpcClient(transactions.Transactions, this.address(i));
  }
  consensus(i: number) {
    return createRpcClient(consensus.Consensus, this.address(i));
  }
  /** All of them have executed at least this height. */
  async reach(height: number, who = this.cells.map((c) => c.self)): Promise<void> {
    await until(`height ${height}`, () => who.every((i) => (this.cells[i]?.height ?? 0) >= height) || undefined);
  }
  /** Every pair of storages agrees on every height that both have. */
  agrees(): boolean {
    const [first] = [...this.cells].sort((a, b) => b.height - a.height);
    return this.cells.every((c) => c.blocks.every((b, i) => b.stateRoot === first?.blocks[i]?.stateRoot));
  }
  async stop(): Promise<void> {
    await Promise.all(this.#children.map((_, i) => this.kill(i)));
    await Promise.all(this.cells.map((c) => c.stop()));
    await this.killNats();
    if (!process.env['BURSAR_KEEP']) rmSync(this.dir, { recursive: true, force: true });
  }
}
