/** The network under stress: real processes, a proxy between each cell and NATS, Byzantine programs in place of some consensus processes. */
import { join } from 'node:path';
import { surroundings } from '../../apps/bursar/src/config.ts';
import { type Child, startChild } from '../../apps/bursar/src/devnet/child.ts';
import { type Devnet, openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { lastLines } from '../../apps/bursar/src/devnet/last-lines.ts';
import { validatorAddresses } from '../../apps/bursar/src/devnet/network-file.ts';
import { findPrograms, type Programs } from '../../apps/bursar/src/devnet/programs.ts';
import { throwIfEnded, waitReady } from '../../apps/bursar/src/devnet/readiness.ts';
import { runningProcesses } from '../../apps/bursar/src/devnet/running-file.ts';
import { EXECUTOR, SHUTDOWN_MS, serviceName } from '../../apps/bursar/src/devnet/services.ts';
import { readGenesis } from '../../apps/bursar/src/operations/session.ts';
import { type Fault, type ProxyThread, startProxyThread } from '../../libs/chaos/src/index.ts';
import type { ValidatorAddress } from '../../libs/client/src/index.ts';
import type { Digest, Genesis } from '../../libs/protocol/src/index.ts';
import type { Settings } from './settings.ts';

export interface StressNetwork {
  readonly net: Devnet;
  readonly genesis: Genesis;
  readonly chain: Digest;
  /** Indexes of the Byzantine validators. */
  readonly liars: readonly number[];
  /** Of the honest validators. */
  readonly addresses: readonly ValidatorAddress[];
  /** Ports of /metrics: of honest consensus processes, of Byzantine ones. */
  readonly admin: { readonly honest: readonly number[]; readonly byzantine: readonly number[] };
  readonly proxies: ProxyThread;
  /** pid → kind of process. */
  pids(): Map<number, string>;
  /** @throws exit 69 when a process has ended by itself */
  check(): void;
  close(): Promise<void>;
  /** At once, for the way out of this program. */
  abandon(): void;
}
const READY_MS = 90_000;

export async function openStressNetwork({ validators, byzantine, actor, seed, dir }: Settings): Promise<StressNetwork> {
  const here = surroundings();
  const programs = await findPrograms(here);
  const proxies = startProxyThread();
  const liars = Array.from({ length: byzantine }, (_, i) => validators - 1 - i);
  const net = await openDevnet({
    dir: dir ?? join(here.root, '.bursar', 'stress'),
    programs,
    attached: true,
    anew: true,
    validators,
    natsUrl: (i, upstream) => proxies.start({ upstream, seed: seed + i }),
    without: [EXECUTOR, ...liars.flatMap((i) => [serviceName(i, 'consensus'), serviceName(i, 'crypto-signing')])],
  });
  const children: Child[] = [];
  const check = (): void => {
    net.check();
    for (const c of children) throwIfEnded(c);
  };
  const close = async (): Promise<void> => {
    for (const c of children) c.kill('SIGTERM');
    await Promise.race([Promise.all(children.map((c) => c.ended)), new Promise((r) => setTimeout(r, SHUTDOWN_MS).unref())]);
    for (const c of children) c.kill('SIGKILL');
    await net.stopAll();
    await proxies.close();
  };
  try {
    await net.startAll();
    for (const i of liars) children.push(await startLiar(net, programs, here.root, i, actor, seed));
    await net.waitReady(READY_MS);
    const waited = liars.map((i, at) => ({
      name: `byzantine-${i}`,
      adminPort: net.network.validators[i]?.consensus.admin ?? 0,
      log: (children[at] as Child).log,
    }));
    await waitReady(waited, check, READY_MS);
  } catch (e) {
    await close();
    throw e;
  }
  const { genesis, chain } = readGenesis(net.at.genesis);
  const ports = net.network.validators.map((v) => v.consensus.admin);
  return {
    net,
    genesis,
    chain,
    liars,
    addresses: validatorAddresses(net.network).filter((_, i) => !liars.includes(i)),
    admin: { honest: ports.filter((_, i) => !liars.includes(i)), byzantine: ports.filter((_, i) => liars.includes(i)) },
    proxies,
    pids: () =>
      new Map([
        ...runningProcesses(net.at).map((p) => [p.pid, p.name.replace(/^validator-\d+-/, '')] as const),
        ...children.map((c) => [c.pid, 'byzantine'] as const),
        [process.pid, 'load and proxies'],
      ]),
    check,
    close,
    abandon() {
      for (const c of children) c.kill('SIGKILL');
      net.abandon();
    },
  };
}

function startLiar(net: Devnet, programs: Programs, root: string, validator: number, actor: string, seed: number): Promise<Child> {
  const { at } = net;
  const name = `byzantine-${validator}`;
  const { file } = programs.command('consensus');
  const own = ['--config', at.config(serviceName(validator, 'consensus')), '--keystore', at.keystore(validator)];
  const args = [...own, '--passphrase', at.passphrase(validator), '--actor', actor, '--seed', String(seed + validator)];
  const program = join(root, 'scripts', 'stress', 'byzantine', 'validator.ts');
  return startChild({
    name,
    file,
    args: ['--no-warnings', program, ...args],
    env: programs.env,
    cwd: at.dir,
    log: at.log(name),
    pipe: false,
  });
}

/** The last words of every process, for a report that says that something went wrong. */
export const lastWords = ({ net }: StressNetwork): string[] =>
  net.specs.flatMap((s) => [`${net.at.log(s.name)}:`, ...lastLines(net.at.log(s.name)).map((l) => `  ${l}`)]);

/**
 * Loss and latency between validators (C14). A message passes two proxies, so each adds a quarter of the round trip; it is lost on the way in, for
 * each receiver by itself. Of a Byzantine validator more is lost and overtaken: so that its two halves reach different validators first.
 */
export function faultsOf({ loss, latencyMs, validators, byzantine }: Settings): Fault[] {
  const faults: Fault[] = [{ delayMs: latencyMs / 4 }, { direction: 'in', drop: loss }];
  for (let i = validators - byzantine; i < validators; i++)
    faults.push({ direction: 'in', subjects: [`bursar.*.consensus.v1.vote.${i}`], drop: 0.2, reorder: 0.5, reorderMs: 30 });
  return faults;
}
