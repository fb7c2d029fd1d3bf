/** The executors of a network: what they do, and stopping, starting and redriving one. */
import { readFileSync } from 'node:fs';
import { formatAccount, toHex } from '@bursar/protocol';
import { executor as rpc } from '@bursar/protocol/rpc';
import { createRpcClient, messageOf, Secret } from '@bursar/shared-core';
import { layout } from '../devnet/layout.ts';
import { addressOf, readNetworkFile } from '../devnet/network-file.ts';
import { usage } from '../errors.ts';
import { visible } from '../visible.ts';
import { json, line } from './output.ts';

export interface ExecutorOptions {
  readonly dir: string;
  readonly json?: boolean;
  /** From 1. */
  readonly number: number;
}
const CALL_MS = 5_000;

type Client = ReturnType<typeof open>;
function open(dir: string, number: number) {
  const network = readNetworkFile(dir);
  const ports = [network.executor, ...(network.standbys ?? [])][number - 1];
  if (!ports) throw usage(`there is no executor ${number}`, 'Count them from 1; `bursar devnet status` lists them.');
  const { token } = layout(dir).executor(number - 1);
  let bearer: Secret;
  try {
    bearer = new Secret(token, readFileSync(token, 'utf8').trim());
  } catch (e) {
    throw usage(`cannot read the executor's token ${token}: ${messageOf(e)}`, 'Run this as the user that runs the executor.');
  }
  return createRpcClient(rpc.Executor, addressOf(ports), { bearer, unaryMs: CALL_MS });
}

async function withExecutor<T>({ dir, number }: ExecutorOptions, fn: (client: Client) => Promise<T>): Promise<T> {
  const client = open(dir, number);
  try {
    return await fn(client);
  } finally {
    client.close();
  }
}

export async function executorStatus(options: ExecutorOptions): Promise<void> {
  const s = await withExecutor(options, (client) => client.getStatus({}));
  const key = formatAccount(toHex(s.executor));
  const holder = s.leaseHolder.length === 0 ? undefined : formatAccount(toHex(s.leaseHolder));
  const { leaseEpoch, leaseLeftMs, matured, staged, lastSeq, breaker, paid, planningStopped, shard, lastError } = s;
  const status = {
    executor: key,
    shard,
    holder,
    leaseEpoch,
    leaseLeftMs,
    matured,
    staged,
    lastSeq,
    breaker,
    paid,
    planningStopped,
    lastError,
  };
  if (options.json) return json(status);
  line(`executor ${key}, shard ${shard}${planningStopped ? ', STOPPED' : ''}`);
  line(`  lease    epoch ${leaseEpoch}, ${leaseLeftMs > 0n ? `its own for ${leaseLeftMs} ms` : `held by ${holder ?? 'nobody'}`}`);
  line(`  paid     ${paid} since it started; ${matured} were ready at its last look`);
  line(`  batches  ${staged} signed and not resolved; the last seq is ${lastSeq}`);
  line(`  breaker  ${breaker}`);
  if (lastError !== '') line(visible(`  error    ${lastError} (${ago(s.lastErrorMs)})`));
}
const ago = (ms: bigint): string => new Date(Number(ms)).toISOString();

export async function setPlanning(enabled: boolean, reason: string, options: ExecutorOptions): Promise<void> {
  await withExecutor(options, (client) => client.setPlanning({ enabled, reason }));
  if (options.json) json({ executor: options.number, planning: enabled });
  else
    line(
      enabled
        ? 'It plans again.'
        : 'It plans nothing new; what is in flight is resolved. Guardians pause the treasury itself: bursar pause',
    );
}

export async function redrive(options: ExecutorOptions): Promise<void> {
  const { planned } = await withExecutor(options, (client) => client.redrive({}));
  if (options.json) json({ executor: options.number, planned });
  else line(`${planned} payments were put into new batches.`);
}
