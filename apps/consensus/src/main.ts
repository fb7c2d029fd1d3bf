/** The consensus process: wiring only. */
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { genesisSet } from '@bursar/membership';
import { common, consensus, transactions } from '@bursar/protocol/rpc';
import {
  atomicWriteFile,
  connectNats,
  contractHandlers,
  createHealth,
  createLogger,
  createMetrics,
  createRpcServer,
  dropCounter,
  loadConfig,
  type NatsBus,
  openChainFolder,
  openLog,
  rejection,
  runService,
  type ServiceContext,
  startAdmin,
  startTelemetry,
} from '@bursar/shared-core';
import { consensusHandlers } from './adapters/consensus-service.ts';
import { SignatureWorker } from './adapters/signature-worker.ts';
import { createSignerClient } from './adapters/signer-client.ts';
import { createStorageClient } from './adapters/storage-client.ts';
import { transactionsHandlers } from './adapters/transactions-service.ts';
import { fetchSetHash } from './adapters/validator-set-client.ts';
import { VerifyPool } from './adapters/verify-pool.ts';
import { configSchema } from './config.ts';
import { contract } from './contract.ts';
import { noSuchValidator, safety, wrongKey, wrongSet } from './errors.ts';
import { startNode } from './node.ts';
import { tuning } from './tuning.ts';

const config = loadConfig(configSchema, contract.id);
const log = createLogger({ service: contract.id, instance: config.instance, level: config.logLevel });
const clock = { now: () => Date.now() };
const health = createHealth(clock.now);
const metrics = createMetrics('consensus_');

await runService({ name: contract.id, log, health, shutdownMs: config.shutdownMs, parentPid: config.parentPid, start });

async function start(context: ServiceContext): Promise<void> {
  const { signal, onStop, fatal } = context;
  const admin = await startAdmin({ host: config.adminHost, port: config.adminPort, health, metrics });
  onStop('flush', 'admin', () => admin.close());
  const telemetry = await startTelemetry({ service: contract.id, instance: config.instance });
  onStop('flush', 'telemetry', () => telemetry.stop());

  const { genesis, id: chain, lock } = await openChainFolder(config.genesis, config.dataDir);
  onStop('flush', 'lock', () => lock.release());
  const self = config.validator;
  const me = genesis.validators[self];
  if (!me) throw noSuchValidator(self, genesis.validators.length);
  const file = await openLog(join(config.dataDir, 'log'), { maxPendingBytes: 512 * 1024 * 1024 });
  if (file.torn) log.warn({ ...file.torn }, 'the end of the log was torn by a crash and cut off');
  onStop('flush', 'log', () => file.close());

  /** A condition of /readyz that follows what it is told, from the start to the end. */
  const condition = (name: string) => {
    health.setReady(name, false, 'does not answer yet');
    return (isReachable: boolean, why = 'does not answer') => health.setReady(name, isReachable, why);
  };
  const bearer = config.tokenFile;
  const onSigner = condition('crypto-signing');
  const onStorage = condition('storage');
  const onSet = condition('validator-set');
  const onNats = condition('nats');
  const signer = createSignerClient({
    address: config.signingAddress,
    bearer,
    chain,
    validator: self,
    signal,
    log,
    onReachable: onSigner,
  });
  const storage = createStorageClient({ address: config.storageAddress, bearer, signal, log, onReachable: onStorage });
  onStop('flush', 'clients', () => {
    signer.close();
    storage.close();
  });
  const key = await signer.publicKey();
  if (key !== me.publicKey) throw wrongKey(self, me.publicKey, key);
  const setHash = await fetchSetHash(config.validatorSetAddress, 0, { bearer, signal, log });
  if (setHash !== genesisSet(genesis).hash) throw wrongSet();
  onSet(true);
  await storage.status();
  const bus = await connectForEver(signal);
  onNats(true);
  bus.onStatus(({ kind }) => {
    onNats(bus.connected, 'the connection is lost');
    if (kind === 'disconnected') log.warn({}, 'the connection to NATS is lost');
    if (kind === 'connected') log.info({}, 'there is a connection to NATS again');
  });
  onStop('flush', 'nats', () => bus.close());

  const verify = new VerifyPool({
    chain,
    validators: genesis.validators.map((v) => v.publicKey),
    onCrash: (error) => log.error({ err: error }, 'a verifying worker crashed and is replaced'),
  });
  onStop('flush', 'workers', () => verify.close());
  const signatures = new SignatureWorker({
    timeoutMs: tuning.signatures.timeoutMs,
    onCrash: (error) => log.error({ err: error }, 'the thread that verifies votes is replaced'),
  });
  onStop('flush', 'signatures', () => signatures.close());
  let isHalting = false;
  const node = await startNode({
    genesis,
    chain,
    self,
    clock,
    log,
    health,
    metrics,
    file,
    bus,
    signer,
    storage,
    verify,
    signatures,
    signal,
    batchMaxTransactions: config.batchMaxTransactions,
    memory: () => {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      return used / limit;
    },
    onFailure: (error) => (signal.aborted ? undefined : fatal(error)),
    halt(name, reason, dump) {
      if (isHalting) return; // a second dump would be cut off half written when the first is done
      isHalting = true;
      const path = join(config.dataDir, `halt-${clock.now()}.json`);
      const end = () => fatal(safety(rejection(name, `${reason} (see ${path})`)));
      atomicWriteFile(path, `${JSON.stringify({ time: clock.now(), validator: self, chain, name, reason, ...dump }, null, 2)}\n`).then(
        end,
        end,
      );
    },
  });
  if (!node) return await new Promise<never>(() => {}); // halted: the dump is being written, then the process ends
  onStop('consumers', 'node', () => node.stop());

  const rpc = createRpcServer({ metrics, log });
  rpc.add(
    transactions.Transactions,
    transactionsHandlers(node.intake, { outcomes: node.outcomes, storage, isPending: (id) => node.mempool.has(id) }),
    'public',
  );
  rpc.add(
    consensus.Consensus,
    consensusHandlers({
      validator: self,
      epoch: 0,
      status: () => node.driver.status(),
      finalHeight: () => node.outcomes.finalHeight,
      pending: () => node.mempool.size,
      heard: node.heard,
      health: () => health.report(),
      trail: node.trail,
      accuser: node.accuser,
      pipeline: node.figures,
      waiting: node.waiting,
      finality: node.finality,
    }),
    'public',
  );
  rpc.add(common.Contract, contractHandlers(contract, chain), 'public');
  onStop('grpc', 'server', () => rpc.stop());
  const port = await rpc.listen(config.grpcHost, config.grpcPort);
  log.info({ grpcPort: port, adminPort: admin.port, validator: self, chain, resendMs: tuning.resendMs }, 'listens');
}

/** NATS may come later than we: tried until it is there. */
async function connectForEver(signal: AbortSignal): Promise<NatsBus> {
  const options = {
    url: config.natsUrl,
    name: `${contract.id}-${config.instance}`,
    echo: false, // our own messages come back only if a second process sends them
    signal,
    onDrop: dropCounter(metrics),
    onError: (error: unknown, subject: string) => log.error({ err: error, subject }, 'a message could not be handled'),
  };
  for (;;) {
    try {
      return await connectNats(options);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error }, 'NATS does not answer; trying again');
    }
  }
}
