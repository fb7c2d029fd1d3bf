/** A local network of real processes: one NATS server, the validators' cells, executors. */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Genesis } from '@bursar/protocol';
import { BursarError, messageOf, systemCode } from '@bursar/shared-core';
import { networkFailed } from '../errors.ts';
import { type Child, signalGroup, startChild } from './child.ts';
import { lastLines } from './last-lines.ts';
import { type Layout, layout } from './layout.ts';
import { makeNetwork } from './make-network.ts';
import { NATS, natsCommand, natsUrl, writeNatsConfig } from './nats-server.ts';
import {
  DEFAULT_VALIDATORS,
  hasNetwork,
  type NetworkFile,
  networkWithPorts,
  portsNeeded,
  portsOf,
  type RunningProcess,
  readNetworkFile,
  writeWhole,
} from './network-file.ts';
import { findPorts, isFree } from './ports.ts';
import type { Programs } from './programs.ts';
import { throwIfEnded, waitReady } from './readiness.ts';
import { runningProcesses, stopRunning, writeRunning } from './running-file.ts';
import { type ServiceSpec, SHUTDOWN_MS, serviceSpecs } from './services.ts';

export interface Devnet {
  readonly at: Layout;
  readonly network: NetworkFile;
  readonly specs: readonly ServiceSpec[];
  /** True when the folder was made by this call. */
  readonly fresh: boolean;
  /** Starts what does not run, everything at once. Returns the names. */
  startAll(): Promise<string[]>;
  start(name: string): Promise<void>;
  /** Ends one process and waits until it is gone. */
  kill(name: string, signal: NodeJS.Signals): Promise<void>;
  /** Resolves when a process has ended by itself, as it is meant to, with its exit code; null after a signal. */
  ended(name: string): Promise<number | null>;
  /** @throws exit 69, naming who is not ready */
  waitReady(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** @throws exit 69 when a process has ended that nobody ended */
  check(): void;
  stopAll(): Promise<void>;
  /** SIGKILL to everything, at once: for the way out of a program that is ending. */
  abandon(): void;
}
export interface DevnetOptions {
  readonly dir: string;
  readonly programs: Programs;
  /** True: the processes end with this program. False: they live on until `down`. */
  readonly attached: boolean;
  /** True: whatever is in the folder is thrown away. */
  readonly anew?: boolean;
  /** Of a network that is made; default 4. */
  readonly validators?: number;
  /** Of a network that is made, each with an executor of its own; default 1. */
  readonly shards?: number;
  /** Executors of each shard beside its first, of a network that is made; default none. */
  readonly standbys?: number;
  /** Changes the genesis of a network that is made. */
  readonly genesis?: (made: Genesis) => Genesis;
  /** What stands in a process's config file, given what would. */
  readonly config?: (spec: ServiceSpec) => ServiceSpec['config'] | Promise<ServiceSpec['config']>;
  /** Where validator `i` finds NATS, given the server's own address; default: there. */
  readonly natsUrl?: (validator: number, server: string) => string | Promise<string>;
  /** Names of processes that somebody else runs, out of the config files that are written for them. */
  readonly without?: readonly string[];
  /** More environment for the process of this name. */
  readonly env?: (name: string) => Readonly<Record<string, string>>;
  /** NATS serves its monitoring pages on this port of loopback; default: nowhere. */
  readonly natsMonitorPort?: number;
}

/** Opens the network of a folder, or makes one when there is none. @throws exit 69 */
export async function openDevnet(options: DevnetOptions): Promise<Devnet> {
  const { dir, programs, attached, anew = false, validators = DEFAULT_VALIDATORS, without = [] } = options;
  const { shards = 1, standbys = 0, genesis = (made) => made, config = (spec) => spec.config } = options;
  const at = layout(dir);
  const running = runningProcesses(at);
  if (anew && running.length > 0)
    throw networkFailed(`the network in ${at.dir} is running`, `Stop it first: bursar devnet down --dir ${at.dir}`);
  const fresh = anew || !hasNetwork(at.dir); // a folder without network.json was left half made
  let network = fresh
    ? await makeNetwork(at, programs, { validators, shards, standbys, genesis }).catch((e) => unwritable(at, e))
    : readNetworkFile(at.dir);
  if (!fresh && running.length === 0) network = await withFreePorts(at, network);
  const url = natsUrl(at, network.natsPort);
  const perValidator = network.validators.map((_, i) => options.natsUrl?.(i, url) ?? url);
  const urls = { validators: await Promise.all(perValidator), executor: url };
  const usual = serviceSpecs(at, network, urls, attached ? process.pid : undefined);
  const all = await Promise.all(usual.map(async (s) => ({ ...s, config: await config(s) })));
  const specs = all.filter((s) => !without.includes(s.name));
  const children = new Map<string, Child>();
  const ending = new Set<string>();
  const known = new Map<string, RunningProcess>(running.map((p) => [p.name, p]));

  const remember = (child: Child): void => {
    children.set(child.name, child);
    known.set(child.name, { name: child.name, pid: child.pid, started: child.started });
    writeRunning(at, [...known.values()]);
  };
  const launch = async (name: string, { file, args }: { file: string; args: readonly string[] }, pipe: boolean): Promise<void> => {
    ending.delete(name);
    const env = { ...programs.env, ...options.env?.(name) };
    const child = await startChild({ name, file, args, env, cwd: at.dir, log: at.log(name), pipe }).catch((e: Error) => {
      throw networkFailed(`${name} cannot be started: ${e.message}`, `See that ${file} is a program that runs here.`);
    });
    remember(child);
  };
  const launchService = async (spec: ServiceSpec): Promise<void> => {
    const { file, args } = programs.command(spec.app);
    await launch(spec.name, { file, args: [...args, '--config', at.config(spec.name)] }, false);
  };
  const launchNats = async (): Promise<void> => {
    writeNatsConfig(at, network.natsPort, options.natsMonitorPort);
    await launch(NATS, natsCommand(programs.natsServer, at.natsConfig, attached), attached);
  };
  const missing = (name: string): boolean => {
    const child = children.get(name);
    return child ? child.exit() !== undefined : !runningProcesses(at).some((p) => p.name === name);
  };

  const check = (): void => {
    for (const child of children.values()) if (!ending.has(child.name)) throwIfEnded(child);
  };

  return {
    at,
    network,
    specs,
    fresh,
    async startAll() {
      for (const dir of [at.logs, at.configs]) mkdirSync(dir, { recursive: true, mode: 0o700 });
      for (const spec of all) if (missing(spec.name)) writeWhole(at.config(spec.name), `${JSON.stringify(spec.config, null, 2)}\n`);
      const absent = specs.filter((s) => missing(s.name));
      const names = absent.map((s) => s.name);
      if (missing(NATS)) {
        names.unshift(NATS);
        await launchNats();
      }
      await Promise.all(absent.map(launchService));
      return names;
    },
    async start(name) {
      if (name === NATS) return launchNats();
      const spec = specs.find((s) => s.name === name);
      if (!spec) throw new RangeError(`there is no process ${name}`);
      await launchService(spec);
    },
    async kill(name, signal) {
      ending.add(name);
      const child = children.get(name);
      if (child) {
        child.kill(signal);
        await Promise.race([child.ended, sleep(SHUTDOWN_MS + 2_000, undefined, { ref: false })]);
        return;
      }
      const found = runningProcesses(at).find((p) => p.name === name);
      if (found) signalGroup(found.pid, signal);
    },
    async ended(name) {
      ending.add(name);
      const child = children.get(name);
      if (!child) throw new RangeError(`${name} was not started here`);
      await child.ended;
      return child.exit()?.code ?? null;
    },
    async waitReady(timeoutMs, signal) {
      const all = specs.map((s) => ({ name: s.name, adminPort: s.ports.admin, log: at.log(s.name) }));
      await waitReady(all, check, timeoutMs, signal);
    },
    check,
    async stopAll() {
      for (const name of children.keys()) ending.add(name);
      await stopRunning(at, NATS, SHUTDOWN_MS + 1_000);
    },
    abandon() {
      for (const child of children.values()) child.kill('SIGKILL');
    },
  };
}

function unwritable(at: Layout, e: unknown): never {
  const code = systemCode(e);
  if (code === undefined || e instanceof BursarError) throw e;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  throw networkFailed(
    full ? `the disk of ${at.dir} is full` : `the folder ${at.dir} cannot be written: ${messageOf(e)}`,
    full ? 'Free some space, then try again.' : 'Name a folder that you may write with --dir.',
  );
}

/** Kept ports that somebody else has taken meanwhile are exchanged, all of them: they stay side by side. */
async function withFreePorts(at: Layout, network: NetworkFile): Promise<NetworkFile> {
  const free = await Promise.all(portsOf(network).map((p) => isFree(p)));
  if (free.every(Boolean)) return network;
  const [{ length }, standbys] = [network.validators, network.standbys?.length ?? 0];
  const changed = networkWithPorts(network.chain, length, await findPorts(portsNeeded(length, standbys)), standbys, network.shards);
  writeWhole(at.network, `${JSON.stringify(changed, null, 2)}\n`);
  return changed;
}

/** Everything that explains a failure of one process. */
export const logTail = (net: Devnet, name: string): string[] => [`${net.at.log(name)}:`, ...lastLines(net.at.log(name))];
