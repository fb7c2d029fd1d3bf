/** crypto-signing: wiring. `main.ts init …` makes a keystore; without `init` it serves. */
import { join } from 'node:path';
import { sign, verify, wipe } from '@bursar/crypto';
import { toHex } from '@bursar/protocol';
import { common, signing } from '@bursar/protocol/rpc';
import {
  contractHandlers,
  createHealth,
  createLogger,
  createRpcServer,
  errorFrom,
  exitCodeOf,
  loadConfig,
  openChainFolder,
  runService,
  startAdmin,
  startTelemetry,
} from '@bursar/shared-core';
import { createKeystore, openKeystore } from './adapters/keystore.ts';
import { openRecord } from './adapters/record-log.ts';
import { signingHandlers } from './adapters/signing-service.ts';
import { configSchema, initSchema } from './config.ts';
import { contract } from './contract.ts';
import { Signer } from './core/signer.ts';
import { keyNotInGenesis } from './errors.ts';
import { signingMetrics } from './metrics.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === 'init') await init(rest);
else await serve();

async function init(argv: readonly string[]): Promise<void> {
  const config = loadConfig(initSchema, 'crypto-signing init', argv);
  try {
    const publicKey = await createKeystore(config.keystore, config.passphraseFile.reveal());
    process.stdout.write(`${JSON.stringify({ publicKey })}\n`);
  } catch (e) {
    const error = errorFrom(e);
    process.stderr.write(`${error.message} ${error.remedy}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

async function serve(): Promise<void> {
  const config = loadConfig(configSchema, 'crypto-signing');
  const telemetry = await startTelemetry({ service: contract.id, instance: config.instance });
  const log = createLogger({ service: contract.id, instance: config.instance, level: config.logLevel });
  const health = createHealth(Date.now);
  const metrics = signingMetrics();
  await runService({
    name: contract.id,
    log,
    health,
    shutdownMs: config.shutdownMs,
    parentPid: config.parentPid,
    async start(service) {
      service.onStop('flush', 'telemetry', () => telemetry.stop());
      const admin = await startAdmin({ host: config.adminHost, port: config.adminPort, health, metrics: metrics.all });
      service.onStop('flush', 'admin', () => admin.close());
      const { genesis, id: chain, lock } = await openChainFolder(config.genesis, config.dataDir);
      service.onStop('flush', 'lock', () => lock.release());
      const keys = openKeystore(config.keystore, config.passphraseFile.reveal());
      service.onStop('flush', 'key', () => wipe(keys.secretKey));
      const publicKey = toHex(keys.publicKey);
      if (genesis.validators[config.validator]?.publicKey !== publicKey) throw keyNotInGenesis(config.validator, publicKey);

      const { log: recordLog, record } = await openRecord(join(config.dataDir, 'record'));
      service.onStop('flush', 'record', () => recordLog.close());
      if (recordLog.torn) log.warn({ torn: recordLog.torn }, 'a half-written row was cut off: its signature never left');
      metrics.watchBehind(() => record.behind);
      const signer = new Signer({
        chain,
        validator: config.validator,
        record,
        log: {
          append: (row) => recordLog.append(row),
          // A record that cannot be written ends the process: it must never go on in memory.
          sync: () => recordLog.sync().catch((e) => service.fatal(e)),
          rotate: () => recordLog.rotate(),
          dropBefore: (segment) => recordLog.dropBefore(segment),
        },
        sign: (hash) => sign(keys.secretKey, hash),
        verify: (hash, signature) => verify(keys.publicKey, hash, signature),
      });
      const server = createRpcServer({ bearer: config.tokenFile, metrics: metrics.all, log });
      server.add(signing.Signing, signingHandlers(signer, keys.publicKey, metrics), 'bearer');
      server.add(common.Contract, contractHandlers(contract, chain), 'public');
      service.onStop('grpc', 'server', () => server.stop());
      const port = await server.listen(config.grpcHost, config.grpcPort);
      log.info({ port, adminPort: admin.port, chain, publicKey }, 'serves');
    },
  });
}
