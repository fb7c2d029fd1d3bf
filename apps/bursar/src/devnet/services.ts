/** The processes of a local network: their programs, config files and places in the folder. */
import { join } from 'node:path';
import { CELL_SERVICES, type CellService, type Layout } from './layout.ts';
import { addressOf, host, type NetworkFile, type ServicePorts } from './network-file.ts';

export interface ServiceSpec {
  /** Unique: `validator-2-consensus`, `treasury-executor`. */
  readonly name: string;
  readonly app: CellService | 'treasury-executor';
  readonly validator: number | undefined;
  readonly ports: ServicePorts;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The stop of a process may take this long before it is killed. */
export const SHUTDOWN_MS = 4_000;
export const EXECUTOR = 'treasury-executor';
/** Executors take the shards in turn: the first of each, then their standbys. */
export const executorName = (i: number): string => (i === 0 ? EXECUTOR : `${EXECUTOR}-${i + 1}`);
export const serviceName = (validator: number, service: CellService): string => `validator-${validator}-${service}`;

/** Where each process finds NATS: the cells one by one, the executor. */
export interface NatsUrls {
  /** By index of the validator. */
  readonly validators: readonly string[];
  readonly executor: string;
}

/** @param parentPid the processes stop when this one is gone; undefined: they live on */
export function serviceSpecs(at: Layout, network: NetworkFile, urls: NatsUrls, parentPid: number | undefined): ServiceSpec[] {
  const common = (name: string, ports: ServicePorts) => ({
    instance: name,
    genesis: at.genesis,
    grpcHost: host,
    grpcPort: ports.grpc,
    adminHost: host,
    adminPort: ports.admin,
    shutdownMs: SHUTDOWN_MS,
    ...(parentPid === undefined ? {} : { parentPid }),
  });
  const cells = network.validators.flatMap((cell, validator) =>
    CELL_SERVICES.map((app): ServiceSpec => {
      const name = serviceName(validator, app);
      const natsUrl = urls.validators[validator];
      const own: Record<CellService, object> = {
        'crypto-signing': { keystore: at.keystore(validator), passphraseFile: at.passphrase(validator) },
        storage: { natsUrl },
        'validator-set': { natsUrl, storageAddress: addressOf(cell.storage) },
        consensus: {
          natsUrl,
          signingAddress: addressOf(cell['crypto-signing']),
          storageAddress: addressOf(cell.storage),
          validatorSetAddress: addressOf(cell['validator-set']),
        },
      };
      const config = {
        ...common(name, cell[app]),
        validator,
        tokenFile: at.token(validator),
        dataDir: at.data(validator, app),
        ...own[app],
      };
      return { name, app, validator, ports: cell[app], config };
    }),
  );
  const executors = [network.executor, ...(network.standbys ?? [])].map((ports, i): ServiceSpec => {
    const { key, token, data } = at.executor(i);
    const name = executorName(i);
    const config = {
      ...common(name, ports),
      natsUrl: urls.executor,
      keyFile: key,
      tokenFile: token,
      dataDir: data,
      shard: i % (network.shards ?? 1),
      consensusAddresses: network.validators.map((v) => addressOf(v.consensus)),
      storageAddresses: network.validators.map((v) => addressOf(v.storage)),
    };
    return { name, app: EXECUTOR, validator: undefined, ports, config };
  });
  return [...cells, ...executors];
}

/** What Node runs for a service: its sources, read as they are. */
export const sourceEntry = (root: string, app: ServiceSpec['app']): string => join(root, 'apps', app, 'src', 'main.ts');
