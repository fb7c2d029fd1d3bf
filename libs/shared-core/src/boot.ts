/** What all services do around their own part: configuration in, telemetry, admin port, data folder, gRPC server, life cycle. */
import type { Digest, Genesis } from '@bursar/protocol';
import { common } from '@bursar/protocol/rpc';
import { startAdmin } from './admin.ts';
import { openChainFolder } from './chain-folder.ts';
import type { serviceOptions } from './config.ts';
import type { ConfigOf, Secret } from './config-spec.ts';
import { type ContractFacts, contractHandlers } from './contract.ts';
import { createHealth, type Health } from './health.ts';
import { runService, type ServiceContext } from './lifecycle.ts';
import { createLogger, type LogFields, type Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { createRpcServer, type RpcServer, type RpcServerOptions } from './rpc/server.ts';
import { startTelemetry } from './telemetry.ts';

/** Settings that every service has; `tokenFile` guards its services that demand a token. */
export type BootConfig = Omit<ConfigOf<typeof serviceOptions>, 'natsUrl'> & {
  readonly genesis: string;
  readonly dataDir: string;
  readonly tokenFile: Secret;
};
export interface BootOptions {
  readonly contract: ContractFacts;
  readonly config: BootConfig;
  readonly metrics: Metrics;
  /** Names of what `start` reports ready in time; /readyz shows them from the first moment. */
  readonly waitsFor?: Readonly<Record<string, string>>;
  readonly rpc?: Pick<RpcServerOptions, 'unaryMs' | 'streamMs' | 'maxCalls'>;
  /** The service's own part. What it throws ends the process with the error's exit code. */
  readonly start: (service: BootedService) => Promise<void>;
}
export interface BootedService extends ServiceContext {
  readonly log: Logger;
  readonly health: Health;
  readonly genesis: Genesis;
  readonly chain: Digest;
  /** Spans go somewhere. */
  readonly exportsSpans: boolean;
  /** Opens the gRPC port with Contract, health, reflection and what `add` adds; logs `<id> listens` with the ports. */
  serve(add: (rpc: RpcServer) => void, facts?: LogFields): Promise<void>;
}

/** Resolves when the service has started; the process ends by itself. Exit codes: see runService. */
export async function bootService({ contract, config, metrics, waitsFor = {}, rpc: limits, start }: BootOptions): Promise<void> {
  const { instance, logLevel, shutdownMs, parentPid, adminHost, grpcHost } = config;
  const log = createLogger({ service: contract.id, instance, level: logLevel });
  const health = createHealth(Date.now);
  for (const [name, why] of Object.entries(waitsFor)) health.setReady(name, false, why);
  await runService({
    name: contract.id,
    log,
    health,
    shutdownMs,
    parentPid,
    async start(context) {
      const { onStop } = context;
      const admin = await startAdmin({ host: adminHost, port: config.adminPort, health, metrics });
      onStop('flush', 'admin', () => admin.close());
      const telemetry = await startTelemetry({ service: contract.id, instance });
      onStop('flush', 'telemetry', () => telemetry.stop());
      const { genesis, id: chain, lock } = await openChainFolder(config.genesis, config.dataDir);
      onStop('flush', 'folder', () => lock.release());
      const serve: BootedService['serve'] = async (add, facts = {}) => {
        const rpc = createRpcServer({ ...limits, bearer: config.tokenFile, metrics, log });
        add(rpc);
        rpc.add(common.Contract, contractHandlers(contract, chain), 'public');
        onStop('grpc', 'rpc', () => rpc.stop());
        const grpcPort = await rpc.listen(grpcHost, config.grpcPort);
        log.info({ ...facts, grpcPort, adminPort: admin.port, chain }, `${contract.id} listens`);
      };
      await start({ ...context, log, health, genesis, chain, exportsSpans: telemetry.exports, serve });
    },
  });
}
