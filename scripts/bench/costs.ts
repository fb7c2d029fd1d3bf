/** What a network spends between two readings: CPU by kind of process, messages, blocks, votes, out of its own metrics and NATS's. */
import { startMeter } from './cpu.ts';
import type { BenchNetwork } from './network.ts';
import type { Row } from './row.ts';

export interface Costs {
  readonly seconds: number;
  /** Microseconds by kind of process. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Blocks that one validator executed. */
  readonly blocks: number;
  /** Prepares and Commits that validators took from others, all together. */
  readonly votes: number;
  readonly natsIn: { readonly messages: number; readonly bytes: number };
  readonly natsOut: { readonly messages: number; readonly bytes: number };
}

/** Sums the samples of one metric whose labels contain `label`. */
export function sample(page: string, name: string, label = ''): number {
  let sum = 0;
  for (const line of page.split('\n')) {
    const [, labels = '', value] = new RegExp(`^${name}(\\{[^}]*\\})? ([-+.e\\d]+)`).exec(line) ?? [];
    if (value !== undefined && labels.includes(label)) sum += Number(value);
  }
  return sum;
}

export const metricsOf = (port: number): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5_000) }).then((r) => r.text());

interface Reading {
  readonly atMs: number;
  readonly blocks: number;
  readonly votes: number;
  readonly nats: { readonly in_msgs: number; readonly in_bytes: number; readonly out_msgs: number; readonly out_bytes: number };
}

async function read({ net, natsMonitor }: BenchNetwork): Promise<Reading> {
  const [nats, ...pages] = await Promise.all([
    fetch(`${natsMonitor}/varz`).then((r) => r.json() as Promise<Reading['nats']>),
    ...net.network.validators.map((v) => metricsOf(v.consensus.admin)),
  ]);
  const accepted = (kind: string) =>
    pages.reduce((sum, page) => sum + sample(page, 'consensus_messages_accepted_total', `kind="${kind}"`), 0);
  return {
    atMs: performance.now(),
    blocks: sample(pages[0] ?? '', 'consensus_blocks_finalized_total'),
    votes: accepted('prepare') + accepted('commit'),
    nats,
  };
}

/** Starts counting; the result, called, says what was spent since. */
export async function startCosts(network: BenchNetwork): Promise<() => Promise<Costs>> {
  const before = await read(network);
  const meter = startMeter(network.pids());
  return async () => {
    const cpu = meter.read();
    const after = await read(network);
    return {
      seconds: (after.atMs - before.atMs) / 1_000,
      cpu,
      blocks: after.blocks - before.blocks,
      votes: after.votes - before.votes,
      natsIn: { messages: after.nats.in_msgs - before.nats.in_msgs, bytes: after.nats.in_bytes - before.nats.in_bytes },
      natsOut: { messages: after.nats.out_msgs - before.nats.out_msgs, bytes: after.nats.out_bytes - before.nats.out_bytes },
    };
  };
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
/** One proposal, the other three Prepares, four Commits. */
const LEAST = { value: 8, what: 'one proposal, three Prepares, four Commits' };

/** @param when "an idle network", "a full one" */
export function costRows(bench: string, when: string, { seconds, cpu, blocks, votes, natsIn, natsOut }: Costs): Row[] {
  const row = (what: string, value: number, unit: string): Row => ({ bench, what: `${what}, ${when}`, value, unit });
  const network = new Map([...cpu].filter(([kind]) => kind !== 'bench'));
  return [
    row('blocks a second', blocks / seconds, '/s'),
    row('CPU a block, all processes', sum(network.values()) / blocks, 'µs'),
    row('CPU a block, the four consensus processes', (network.get('consensus') ?? 0) / blocks, 'µs'),
    row(
      'CPU a vote that is taken, consensus and signing',
      ((network.get('consensus') ?? 0) + (network.get('crypto-signing') ?? 0)) / votes,
      'µs',
    ),
    { ...row('NATS messages published a block', natsIn.messages / blocks, ''), limit: LEAST },
    row('NATS bytes published a block', natsIn.bytes / blocks, 'B'),
    row('NATS messages delivered a block', natsOut.messages / blocks, ''),
    row('NATS bytes delivered a block', natsOut.bytes / blocks, 'B'),
  ];
}
