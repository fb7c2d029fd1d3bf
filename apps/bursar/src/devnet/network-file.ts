/** network.json: what a local network is made of and where it listens. Written once whole, kept over restarts. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ValidatorAddress } from '@bursar/client';
import { messageOf } from '@bursar/shared-core';
import { usage } from '../errors.ts';
import { CELL_SERVICES, type CellService, layout } from './layout.ts';

export const DEFAULT_VALIDATORS = 4;

export interface ServicePorts {
  readonly grpc: number;
  readonly admin: number;
}
export interface NetworkFile {
  readonly version: 1;
  /** Chain id. */
  readonly chain: string;
  readonly natsPort: number;
  readonly executor: ServicePorts;
  /** Shards; a file of an earlier version has none and means 1. */
  readonly shards?: number;
  /** More executors with keys of their own, each for the shard of its place; a file of an earlier version has none. */
  readonly standbys?: readonly ServicePorts[];
  /** By index of the validator. */
  readonly validators: readonly Readonly<Record<CellService, ServicePorts>>[];
}
/** One process that was started, with what tells it from a later one under the same pid. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly started: string;
}

export const host = '127.0.0.1';
export const addressOf = ({ grpc }: ServicePorts): string => `${host}:${grpc}`;
export const validatorAddresses = (n: NetworkFile): ValidatorAddress[] =>
  n.validators.map((v) => ({ consensus: addressOf(v.consensus), storage: addressOf(v.storage) }));

/** All ports, in a fixed order. */
export const portsOf = (n: NetworkFile): number[] => [
  n.natsPort,
  n.executor.grpc,
  n.executor.admin,
  ...n.validators.flatMap((v) => CELL_SERVICES.flatMap((s) => [v[s].grpc, v[s].admin])),
  ...(n.standbys ?? []).flatMap((s) => [s.grpc, s.admin]),
];
export const portsNeeded = (validators: number, standbys = 0): number => 3 + validators * CELL_SERVICES.length * 2 + standbys * 2;

/** @param ports `portsNeeded` of them, in the order of `portsOf` */
export function networkWithPorts(
  chain: string,
  validatorCount: number,
  ports: readonly number[],
  standbyCount = 0,
  shards = 1,
): NetworkFile {
  let next = 0;
  const take = (): number => {
    const port = ports[next++];
    if (port === undefined)
      throw new RangeError(`${portsNeeded(validatorCount, standbyCount)} ports are needed, ${ports.length} were given`);
    return port;
  };
  const natsPort = take();
  const executor = { grpc: take(), admin: take() };
  const validators = Array.from(
    { length: validatorCount },
    () => Object.fromEntries(CELL_SERVICES.map((s) => [s, { grpc: take(), admin: take() }])) as Record<CellService, ServicePorts>,
  );
  const standbys = Array.from({ length: standbyCount }, () => ({ grpc: take(), admin: take() }));
  return { version: 1, chain, natsPort, shards, executor, standbys, validators };
}

/** Replaces a file in one step: a reader sees the old one or the new one. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, path);
}

export const hasNetwork = (dir: string): boolean => existsSync(layout(dir).network);

/** @throws FieldInvalid (exit 64) when there is no network in the folder */
export function readNetworkFile(dir: string): NetworkFile {
  const path = layout(dir).network;
  if (!existsSync(path))
    throw usage(`there is no network in ${layout(dir).dir}`, 'Start one with "bursar devnet up", or name its folder with --dir.');
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as NetworkFile;
    if (json.version !== 1) throw new Error('it has another version');
    return json;
  } catch (e) {
    throw usage(`${path} cannot be read: ${messageOf(e)}`, 'Remove the folder and start the network anew; its payments are lost with it.');
  }
}
