/** Storage: executes final blocks, keeps them, answers and proves what they did. */
import { join } from 'node:path';
import { ed25519 } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { commits, common, ledger } from '@bursar/protocol/rpc';
import {
  contractHandlers,
  coreError,
  createHealth,
  createLogger,
  createRpcServer,
  EXIT,
  loadConfig,
  messageOf,
  openChainFolder,
  openLog,
  retryForever,
  runService,
  startAdmin,
  startTelemetry,
} from '@bursar/shared-core';
import { blockLog, storedRecords } from './adapters/block-log.ts';
import { emitBlockSpans } from './adapters/block-spans.ts';
import { commitsHandlers } from './adapters/commits-service.ts';
import { cursorFile } from './adapters/cursor-file.ts';
import { haltWithDump } from './adapters/halt.ts';
import { ledgerHandlers } from './adapters/ledger-service.ts';
import { natsEvents } from './adapters/nats-events.ts';
import { configSchema } from './config.ts';
import { contract } from './contract.ts';
import { CertifiedHead } from './core/certified-head.ts';
import { relayOutbox } from './core/outbox.ts';
import { BlockStore } from './core/store.ts';
import { storageMetrics } from './metrics.ts';
import type { FinalBlock } from './ports.ts';

const config = loadConfig(configSchema, 'storage');
const { instance, validator, dataDir } = config;
const log = createLogger({ service: 'storage', instance, level: config.logLevel });
const nowMs = (): number => Date.now();
const health = createHealth(nowMs);
const metrics = storageMetrics();
/** A replay lets probes in this often. */
const BREATHE_MS = 50;

await runService({
  name: 'storage',
  log,
  health,
  shutdownMs: config.shutdownMs,
  parentPid: config.parentPid,
  async start({ signal, onStop, fatal }) {
    health.setReady('replay', false, 'the block log is not open yet');
    const admin = await startAdmin({ host: config.adminHost, port: config.adminPort, health, metrics: metrics.all });
    onStop('flush', 'admin', () => admin.close());
    const telemetry = await startTelemetry({ service: 'storage', instance });
    onStop('flush', 'telemetry', () => telemetry.stop());

    const { genesis, id: chain, lock } = await openChainFolder(config.genesis, dataDir);
    onStop('flush', 'folder', () => lock.release());
    const set = genesisSet(genesis);
    if (validator >= set.validators.length)
      throw coreError('Configuration', `validator ${validator} is not in the genesis, which has ${set.validators.length}`, {
        exitCode: EXIT.config,
      });
    const file = await openLog(join(dataDir, 'blocks'));
    onStop('flush', 'log', () => file.close());
    if (file.torn) log.warn({ ...file.torn }, 'the end of the block log was torn by a crash and cut off; nothing of it had been answered');

    const head = new CertifiedHead(chain, set, ed25519);
    const checkHead = (): void => {
      const reason = `block ${store.tip.height} is newest here, the network is at ${head.height}`;
      health.setReady('certified head', !head.isBehind(store.tip.height), reason);
    };
    const onFinal = (final: FinalBlock): void => {
      metrics.onFinal(final, nowMs() - final.endedMs);
      emitBlockSpans(final, validator, (i) => store.indexes.traceparent(i));
      const facts = { height: final.height, transactions: final.transactions.length, results: final.results.length };
      log.event('BlockFinalized', facts, 'a block is durable', final.transactions.length > 0 ? 'info' : 'debug');
      checkHead();
    };
    const halt = haltWithDump({ dataDir, log, nowMs, onFork: metrics.onFork, fatal });
    const store = new BlockStore({
      genesis,
      chain,
      set,
      verifier: ed25519,
      log: blockLog(file),
      halt,
      nowMs,
      onFinal,
    });
    metrics.watch(store);

    let breathed = nowMs();
    await store.replay(storedRecords(file), async (height) => {
      if (nowMs() - breathed < BREATHE_MS) return;
      health.setReady('replay', false, `block ${height} of the log is executed again`);
      await new Promise((resolve) => setImmediate(resolve));
      breathed = nowMs();
    });
    health.setReady('replay', true);
    log.info({ height: store.tip.height, stateRoot: store.tip.stateRoot, logBytes: file.bytes }, 'the block log is replayed');

    const rpc = createRpcServer({ bearer: config.tokenFile, metrics: metrics.all, log });
    rpc.add(ledger.Ledger, ledgerHandlers(store, genesis), 'public');
    rpc.add(commits.Commits, commitsHandlers(store), 'bearer');
    rpc.add(common.Contract, contractHandlers(contract, chain), 'public');
    const port = await rpc.listen(config.grpcHost, config.grpcPort);
    onStop('grpc', 'rpc', () => rpc.stop());
    log.info({ grpcPort: port, adminPort: admin.port, chain }, 'storage listens');

    const nats = natsEvents({
      url: config.natsUrl,
      name: `storage ${instance}`,
      chain,
      validator,
      signal,
      onPeer: (height, header, certificate) => {
        if (head.hear(height, header, certificate)) checkHead();
      },
      onError: (error, subject) => log.debug({ err: error, subject }, 'an event that cannot be read'),
    });
    const relay = relayOutbox(
      {
        validator,
        store,
        cursor: cursorFile(join(dataDir, 'outbox')),
        publish: async (event, height, context) => {
          await nats.publish(event, height, context);
          health.assess('outbox', 'Healthy');
        },
        untilDone: (attempt, until) =>
          retryForever(attempt, {
            signal: until,
            capMs: 2_000,
            onRetry: (error) => {
              metrics.onPublishFailed();
              health.assess('outbox', 'Degraded', `events wait for NATS: ${messageOf(error)}`);
            },
          }),
        onPublished: metrics.onPublished,
      },
      signal,
    ).catch(fatal);
    onStop('consumers', 'outbox', async () => {
      await relay;
      await nats.close();
    });
  },
});
