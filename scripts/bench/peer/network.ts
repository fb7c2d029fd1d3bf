/** Four nodes of the peer on loopback, each a process of its own with its application in it, and what its load generator reports. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPorts } from '../../../apps/bursar/src/devnet/ports.ts';
import { rssOf, startMeter } from '../cpu.ts';

const NODES = 4;
const STOP_MS = 5_000;
const START_TRIES = 100;

/** What the generator prints at its end, of the measured seconds. */
interface LoadReport {
  readonly seconds: number;
  /** Given to a node, whatever became of it. */
  readonly sent: number;
  readonly final: number;
  readonly cpuUs: number;
  /** From the first block of the measured seconds to the last: how many, with how many transactions, in how long. */
  readonly blocks: number;
  readonly inBlocks: number;
  readonly blockSeconds: number;
  /** Refused because the mempool was full, or for another reason; since the start. */
  readonly full: number;
  readonly other: number;
}
export interface PeerLoad extends LoadReport {
  /** Of the four nodes together, in the measured seconds. */
  readonly nodesCpuUs: number;
  /** The largest node at the end, bytes. */
  readonly rssBytes: number;
}
export interface PeerNetwork {
  load(args: Readonly<Record<string, string | number | boolean>>): Promise<PeerLoad>;
  close(): Promise<void>;
}

const flags = (args: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(args).map(([name, value]) => `-${name}=${value}`);

/** @param dir thrown away first @param nodeArgs flags of every node */
export async function openPeerNetwork(
  program: string,
  dir: string,
  nodeArgs: Readonly<Record<string, string | number | boolean>> = {},
): Promise<PeerNetwork> {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const [port] = await findPorts(2 * NODES);
  const place = { dir, port: port as number };
  execFileSync(program, ['init', ...flags(place)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const children = new Set<ChildProcess>();
  const env = { ...process.env, GOGC: '400' }; // memory for CPU: there is enough of the one only
  const start = (args: string[], log: string): ChildProcess => {
    const out = openSync(join(dir, log), 'a');
    // The pipe on its standard input ends with this program, however that ends: no process is left.
    const child = spawn(program, args, { env, stdio: ['pipe', log === 'load' ? 'pipe' : out, out] });
    closeSync(out);
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  const nodes = Array.from({ length: NODES }, (_, index) =>
    start(['node', ...flags({ ...place, ...nodeArgs, index })], `node-${index}.log`),
  );
  const close = async () => {
    const ended = [...children].map((c) => once(c, 'exit'));
    for (const c of children) c.stdin?.end();
    await Promise.race([Promise.all(ended), sleep(STOP_MS, undefined, { ref: false })]);
    for (const c of children) c.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await waitForPeers(place.port);
  } catch (e) {
    await close();
    throw e;
  }
  return {
    close,
    async load(args) {
      const child = start(['load', ...flags({ port: place.port, ...args })], 'load');
      const meter = startMeter(new Map(nodes.map((n) => [n.pid as number, 'node'])));
      let before = 0;
      let nodesCpuUs = 0;
      let report: LoadReport | undefined;
      const ended = once(child, 'exit');
      for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
        const used = meter.read().get('node') ?? 0;
        const said = JSON.parse(line) as LoadReport | { readonly measuring: true };
        if ('measuring' in said) before = used;
        else [report, nodesCpuUs] = [said, used - before];
      }
      const [code] = (await ended) as [number | null];
      if (code !== 0 || !report)
        throw new Error(
          `the peer's load generator ended with ${code}: ${readFileSync(join(dir, 'load'), 'utf8').trim().split('\n').at(-1)}`,
        );
      const rssBytes = Math.max(...nodes.map((n) => rssOf(n.pid as number)));
      return { ...report, nodesCpuUs, rssBytes };
    },
  };
}

/** Until every node has the three others. */
async function waitForPeers(port: number): Promise<void> {
  for (let i = 0; i < NODES; ) {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`http://127.0.0.1:${port + 2 * i + 1}/net_info`, { signal: AbortSignal.timeout(1_000) })
        .then((r) => r.json() as Promise<{ result?: { n_peers?: string } }>)
        .catch(() => undefined);
      if (Number(answer?.result?.n_peers) === NODES - 1) break;
      if (tries > START_TRIES) throw new Error(`node ${i} of the peer has not found the others`);
      await sleep(200);
    }
    i++;
  }
}
