/** Storage: executes final blocks, keeps them, answers and proves what they did. */
import { join } from 'node:path';
import { ed25519 } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { commits, ledger } from '@bursar/protocol/rpc';
import { bootService, genesisValidator, loadConfig, messageOf, openLog, retryForever } from '@bursar/shared-core';
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

const config = loadConfig(configSchema, contract.id);
const { instance, validator, dataDir } = config;
const nowMs = (): number => Date.now();
const metrics = storageMetrics();
/** A replay lets probes in this often. */
const BREATHE_MS = 50;

await bootService({
  contract,
  config,
  metrics: metrics.all,
  waitsFor: { replay: 'the block log is not open yet' },
  async start({ genesis, chain, log, health, exportsSpans, signal, onStop, fatal, serve }) {
    genesisValidator(genesis, validator);
    const set = genesisSet(genesis);
    const file = await openLog(join(dataDir, 'blocks'));
    onStop('flush', 'log', () => file.close());
    if (file.torn) log.warn({ ...file.torn }, 'the end of the block log was torn by a crash and cut off; nothing of it had been answered');

    const head = new CertifiedHead(chain, set, ed25519);
    const checkHead = (): void => {
      const reason = `block ${store.tip.height} is newest here, the network is at ${head.height}`;
      health.setReady('certified head', !head.isBehind(store.tip.height), reason);
    };
    const onFinal = (finals: readonly FinalBlock[]): void => {
      for (const final of finals) {
        metrics.onFinal(final, nowMs() - final.endedMs);
        if (exportsSpans) emitBlockSpans(final, validator, (i) => store.indexes.traceparent(i));
        const facts = { height: final.height, transactions: final.transactions.length, results: final.stored.results.length };
        const isTold = finals.length === 1 && final.transactions.length > 0;
        log.event('BlockFinalized', facts, 'a block is durable', isTold ? 'info' : 'debug');
      }
      if (finals.length > 1) log.info({ from: finals[0]?.height, to: finals.at(-1)?.height }, 'a run of a catch-up is durable');
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

    await serve((rpc) => {
      rpc.add(ledger.Ledger, ledgerHandlers(store, genesis), 'public');
      rpc.add(commits.Commits, commitsHandlers(store), 'bearer');
    });

    const nats = natsEvents({
      url: config.natsUrl,
      name: `storage ${instance}`,
      chain,
      validator,
      signal,
      onPeer: (height, header, certificate) => {
        if (head.hear(height, store.tip.height, header, certificate)) checkHead();
      },
      onDown: (error) => log.debug({ err: error }, 'NATS does not answer; it is tried again'),
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
              health.assess('outbox', 'Degraded', `events wait: ${messageOf(error)}`);
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
