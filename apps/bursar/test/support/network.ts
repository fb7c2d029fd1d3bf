/** A network of real processes for tests that kill some of them. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type ClientKey, readKeyFile } from '@bursar/client';
import { toHex } from '@bursar/protocol';
import { surroundings } from '../../src/config.ts';
import { type Devnet, type DevnetOptions, openDevnet } from '../../src/devnet/devnet.ts';
import { findPrograms, type Programs } from '../../src/devnet/programs.ts';
import { readyProblem } from '../../src/devnet/readiness.ts';
import { countOf, type ImportStatus, importStatus } from '../../src/operations/import-status.ts';
import { approve } from '../../src/operations/pay.ts';
import { openSession, type Session } from '../../src/operations/session.ts';
import { root } from './program.ts';

const READY_MS = 120_000;
const PAID_MS = 120_000;

export interface NetworkOptions extends Pick<DevnetOptions, 'config' | 'env' | 'genesis' | 'natsUrl' | 'shards' | 'standbys' | 'without'> {
  /** What all processes get on top of this one's environment. */
  readonly childEnv?: Readonly<Record<string, string>>;
  /** How an app is started, given how it would be. */
  readonly command?: (app: string, usual: ReturnType<Programs['command']>) => ReturnType<Programs['command']>;
}

/** Makes the network of a folder, or opens it. */
export async function openNetwork(dir: string, options: NetworkOptions = {}): Promise<Devnet> {
  const { childEnv, command = (_, usual) => usual, ...devnet } = options;
  const around = surroundings();
  const { findNats } = (await import(pathToFileURL(join(root, 'scripts', 'setup', 'nats.mjs')).href)) as {
    findNats: (tools: string) => string | undefined;
  };
  const programs = await findPrograms({
    ...around,
    childEnv: { ...around.childEnv, ...childEnv },
    natsServer: around.natsServer ?? findNats(join(root, '.tools')),
  });
  const started = { ...programs, command: (app: Parameters<Programs['command']>[0]) => command(app, programs.command(app)) };
  return await openDevnet({ ...devnet, dir, programs: started, attached: true });
}

/** As `openNetwork`, with every process ready. */
export async function startNetwork(dir: string, options: NetworkOptions = {}): Promise<Devnet> {
  const net = await openNetwork(dir, options);
  await net.startAll();
  await net.waitReady(READY_MS);
  return net;
}

/** Resolves when a process answers that it is ready. */
export async function ready(net: Devnet, name: string): Promise<void> {
  const port = net.specs.find((s) => s.name === name)?.ports.admin ?? 0;
  await until(`${name} is ready`, async () => {
    net.check();
    return (await readyProblem(port)) === undefined;
  });
}

export const sessionOf = (net: Devnet): Session => openSession(net.at.genesis, net.network);
export const clientKey = (net: Devnet): ClientKey => readKeyFile(net.at.clientKey);

export async function approveTwice(net: Devnet, session: Session, digest: string): Promise<void> {
  for (const i of [1, 2]) await approve(session, readKeyFile(net.at.approverKey(i)), digest);
}

/** Waits for something that must come; `what` says so when it does not. */
export async function until(what: string, condition: () => Promise<boolean>, timeoutMs = PAID_MS): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(100)) {
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
  }
}

/** Waits until every payment of the import is made, cancelled or held back. */
export async function quiet(session: Session, digest: string): Promise<ImportStatus> {
  let status = await importStatus(session, digest);
  await until(`import ${digest} comes to rest`, async () => {
    status = await importStatus(session, digest);
    return countOf(status, 'executed', 'cancelled', 'blocked') === status.items;
  });
  return status;
}

/** The one root of all validators, at a height that they reach together. */
export async function commonRoot({ connection }: Session, fromHeight: number): Promise<string> {
  let root = '';
  await until(`all validators reach height ${fromHeight} with one root`, async () => {
    const all = await Promise.all(connection.validators.map((v) => v.ledger.getStatus({}).catch(() => undefined)));
    const [first] = all;
    if (!first || Number(first.height) < fromHeight || all.some((s) => s?.height !== first.height)) return false;
    const roots = new Set(all.map((s) => (s ? toHex(s.stateRoot) : '')));
    if (roots.size !== 1) throw new Error(`the validators disagree at height ${first.height}: ${[...roots].join(', ')}`);
    root = toHex(first.stateRoot);
    return true;
  });
  return root;
}
