/** Where everything of a local network lies below its folder. */
import { join, resolve } from 'node:path';

export const APPROVERS = 3;
export const GUARDIANS = 2;
/** Services of a validator's cell, in the order of their dependencies. */
export const CELL_SERVICES = ['crypto-signing', 'storage', 'validator-set', 'consensus'] as const;
export type CellService = (typeof CELL_SERVICES)[number];

export const layout = (folder: string) => {
  const dir = resolve(folder);
  const cell = (validator: number) => join(dir, `validator-${validator}`);
  return {
    dir,
    network: join(dir, 'network.json'),
    genesis: join(dir, 'genesis.json'),
    logs: join(dir, 'logs'),
    log: (name: string) => join(dir, 'logs', `${name}.log`),
    configs: join(dir, 'config'),
    config: (name: string) => join(dir, 'config', `${name}.json`),
    keys: join(dir, 'keys'),
    clientKey: join(dir, 'keys', 'client.json'),
    approverKey: (i: number) => join(dir, 'keys', `approver-${i}.json`),
    guardianKey: (i: number) => join(dir, 'keys', `guardian-${i}.json`),
    /** The first, then its standbys. */
    executor: (i: number) => {
      const name = i === 0 ? 'executor' : `executor-${i + 1}`;
      return { key: join(dir, 'keys', `${name}.json`), data: join(dir, name, 'data'), token: join(dir, name, 'token') };
    },
    cell,
    token: (validator: number) => join(cell(validator), 'token'),
    passphrase: (validator: number) => join(cell(validator), 'passphrase'),
    keystore: (validator: number) => join(cell(validator), 'keystore.json'),
    data: (validator: number, service: CellService) => join(cell(validator), service),
    natsData: join(dir, 'nats'),
    natsConfig: join(dir, 'config', 'nats.conf'),
  };
};
export type Layout = ReturnType<typeof layout>;
