/** devnet up, down, status: a local network for trying things out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { surroundings } from '../config.ts';
import { openDevnet } from '../devnet/devnet.ts';
import { type Layout, layout } from '../devnet/layout.ts';
import { NATS } from '../devnet/nats-server.ts';
import { addressOf, hasNetwork, host, type NetworkFile, readNetworkFile } from '../devnet/network-file.ts';
import { findPrograms } from '../devnet/programs.ts';
import { readyProblem } from '../devnet/readiness.ts';
import { runningProcesses, stopRunning } from '../devnet/running-file.ts';
import { EXECUTOR, SHUTDOWN_MS, serviceSpecs } from '../devnet/services.ts';
import { json, line, plural } from './output.ts';

export interface DevnetCommandOptions {
  readonly dir: string;
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly foreground?: boolean;
  readonly shards: number;
  /** Seconds. */
  readonly timeout: number;
}

export async function upCommand(options: DevnetCommandOptions): Promise<void> {
  const programs = await findPrograms(surroundings());
  const attached = options.foreground === true;
  const net = await openDevnet({ dir: options.dir, programs, attached, anew: options.fresh === true, shards: options.shards });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const started = await net.startAll();
    await net.waitReady(options.timeout * 1_000, stop.signal);
    if (options.json) json({ dir: net.at.dir, started, ...addresses(net.at, net.network) });
    else {
      line(started.length === 0 ? 'Everything runs already.' : `${plural(started.length, 'process', 'processes')} started and ready.`);
      printAddresses(net.at, net.network);
      line(attached ? 'Ctrl-C stops everything.' : `Stop it with: bursar devnet down --dir ${net.at.dir}`);
    }
    if (!attached) return;
    while (!stop.signal.aborted) {
      net.check();
      await sleep(500, undefined, { signal: stop.signal }).catch(() => {});
    }
    await net.stopAll();
  } catch (e) {
    await net.stopAll(); // half a network helps nobody; its logs stay
    if (!stop.signal.aborted) throw e;
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

export async function downCommand(options: DevnetCommandOptions): Promise<void> {
  const at = layout(options.dir);
  const stopped = await stopRunning(at, NATS, SHUTDOWN_MS + 1_000);
  if (options.json) json({ dir: at.dir, stopped });
  else
    line(
      stopped === 0
        ? `No network runs in ${at.dir}.`
        : `${plural(stopped, 'process', 'processes')} stopped. The ledger stays in ${at.dir}.`,
    );
}

export async function statusOfDevnet(options: DevnetCommandOptions): Promise<void> {
  const at = layout(options.dir);
  if (!hasNetwork(at.dir)) return options.json ? json({ dir: at.dir, exists: false }) : line(`There is no network in ${at.dir}.`);
  const network = readNetworkFile(at.dir);
  const running = new Map(runningProcesses(at).map((p) => [p.name, p.pid]));
  const specs = serviceSpecs(at, network, { validators: [], executor: '' }, undefined);
  const rows = await Promise.all(
    specs.map(async ({ name, ports }) => {
      const pid = running.get(name);
      return { name, pid, ...ports, state: pid === undefined ? 'stopped' : ((await readyProblem(ports.admin)) ?? 'ready') };
    }),
  );
  const all = [
    { name: NATS, pid: running.get(NATS), grpc: network.natsPort, admin: undefined, state: running.has(NATS) ? 'running' : 'stopped' },
    ...rows,
  ];
  if (options.json) return json({ dir: at.dir, exists: true, chain: network.chain, processes: all });
  line(`network of chain ${network.chain} in ${at.dir}`);
  for (const r of all) line(`  ${r.name.padEnd(28)}${String(r.pid ?? '-').padStart(8)}  port ${r.grpc}  ${r.state}`);
}

const addresses = (at: Layout, n: NetworkFile) => ({
  chain: n.chain,
  genesis: at.genesis,
  keys: at.keys,
  nats: `${host}:${n.natsPort}`,
  executor: addressOf(n.executor),
  validators: n.validators.map((v) => ({
    transactions: addressOf(v.consensus),
    ledger: addressOf(v.storage),
    validatorSet: addressOf(v['validator-set']),
  })),
});

export function printAddresses(at: Layout, n: NetworkFile): void {
  line(`  chain        ${n.chain}`);
  line(`  genesis      ${at.genesis}`);
  line(`  keys         ${at.keys}`);
  for (const [i, v] of n.validators.entries())
    line(
      `  validator ${i}  transactions ${addressOf(v.consensus)}  ledger ${addressOf(v.storage)}  metrics http://${host}:${v.consensus.admin}/metrics`,
    );
  line(`  executor     ${addressOf(n.executor)}  metrics http://${host}:${n.executor.admin}/metrics  (${EXECUTOR})`);
}
