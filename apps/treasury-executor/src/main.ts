/** Treasury-executor: wiring. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect, readKeyFile } from '@bursar/client';
import { sign, wipe } from '@bursar/crypto';
import { breakerDefaults, Driver, Executor, Journal, replayJournal } from '@bursar/executor';
import { type Genesis, treasuryAccount, treasuryId } from '@bursar/protocol';
import { executor as executorRpc, treasury } from '@bursar/protocol/rpc';
import { bootService, errorFrom, loadConfig, openLog } from '@bursar/shared-core';
import { Bell } from './adapters/bell.ts';
import { executorHandlers } from './adapters/executor-service.ts';
import { followShard } from './adapters/follow-shard.ts';
import { Ledgers } from './adapters/ledgers.ts';
import { natsHints } from './adapters/nats-hints.ts';
import { tracing } from './adapters/tracing.ts';
import { treasuryHandlers } from './adapters/treasury-service.ts';
import { validators } from './adapters/validators.ts';
import { configSchema } from './config.ts';
import { contract } from './contract.ts';
import { badAddresses, explain, journalCorrupt, noSuchShard, notAnExecutor } from './errors.ts';
import { executorMetrics } from './metrics.ts';

/** What is in flight may take so long to be resolved when the process stops; what is not then, the journal keeps. */
const DRAIN_MS = 1_000;
const UNARY_MS = 120_000;
/** A storage that shows no block for so many block intervals is left for another. */
const STALE_INTERVALS = 3;

const config = loadConfig(configSchema, 'treasury-executor');
const { instance, shard, consensusAddresses, storageAddresses } = config;
const metrics = executorMetrics();
const clock = { monotonic: () => performance.now(), wall: () => Date.now() };

await bootService({
  contract,
  config,
  metrics: metrics.all,
  waitsFor: { ledger: 'no storage has answered yet' },
  rpc: { unaryMs: UNARY_MS },
  async start({ signal, onStop, fatal, log, health, genesis, chain, serve }) {
    const key = readKeyFile(config.keyFile);
    onStop('flush', 'key', () => wipe(key.secretKey));
    checkConfig(genesis, key.publicKey);

    const journalDir = join(config.dataDir, 'journal');
    const journalLog = await openLog(journalDir).catch((e) => Promise.reject(journalCorrupt(journalDir, e)));
    onStop('flush', 'journal', () => journalLog.close());
    if (journalLog.torn) log.warn({ torn: journalLog.torn }, 'a half-written intent was cut off: its batch never left');
    const replayed = await replayJournal(journalLog.replay(), { chain, shard, signer: key.publicKey }).catch((e) =>
      Promise.reject(journalCorrupt(journalDir, e)),
    );
    if (replayed.foreign > 0)
      log.warn({ records: replayed.foreign }, 'the journal holds records that are not this executor’s; they are left alone');
    log.info({ unresolved: replayed.unresolved.length, bytes: journalLog.bytes }, 'the journal is replayed');

    const blocks = new Bell();
    let rotation = new AbortController();
    const ledgers = new Ledgers(storageAddresses, shard, () => {
      rotation.abort();
      rotation = new AbortController();
    });
    onStop('flush', 'ledgers', () => ledgers.close());
    const submitter = validators(consensusAddresses);
    onStop('flush', 'validators', () => submitter.close());

    const executor = new Executor(
      {
        chain,
        shard,
        key: key.publicKey,
        leaseMs: genesis.leaseMs,
        batchItems: config.batchItems,
        window: config.window,
        expiryMs: config.expiryMs,
        resendMs: config.resendMs,
        timeoutMs: config.timeoutMs,
        staleMs: STALE_INTERVALS * genesis.blockIntervalMs,
        breaker: breakerDefaults,
      },
      {
        reads: ledgers,
        submitter,
        journal: new Journal(journalLog),
        tracing,
        clock,
        sign: (hash) => sign(key.secretKey, hash),
        explain,
        log,
        meter: metrics.meter,
      },
      replayed,
    );
    metrics.watch(executor);
    const driver = new Driver({
      executor,
      bell: blocks,
      pollMs: config.pollMs,
      explain,
      onTick: (error) => {
        if (error === undefined) health.setReady('ledger', true);
        else health.setReady('ledger', false, errorFrom(error).message);
        const { breaker, otherCopy } = executor.status();
        health.assess('breaker', breaker === 'closed' ? 'Healthy' : 'Degraded', `the breaker is ${breaker}`);
        health.assess('key', otherCopy ? 'Degraded' : 'Healthy', 'another process holds the lease under the same key');
      },
      onFatal: fatal,
    });

    const connection = connect(consensusAddresses.map((consensus, i) => ({ consensus, storage: storageAddresses[i] as string })));
    onStop('flush', 'connection', () => connection.close());
    const control = {
      shard,
      key: key.publicKey,
      token: config.tokenFile,
      log,
      status: () => executor.status(),
      setPlanning: (enabled: boolean) => executor.setPlanning(enabled),
      redrive: () => driver.redrive(),
    };
    const treasuries = genesis.treasuries.map((t) => treasuryId(t.name));
    const treasuryOptions = { chain, treasury: treasuries[0] ?? '', treasuryAccounts: treasuries.map(treasuryAccount), connection, blocks };
    await serve(
      (rpc) => {
        rpc.add(executorRpc.Executor, executorHandlers(control), 'public');
        rpc.add(treasury.Treasury, treasuryHandlers({ ...treasuryOptions, pollMs: config.pollMs }), 'public');
      },
      { executor: key.publicKey, shard },
    );

    let streaming = false;
    const hints = natsHints({
      url: config.natsUrl,
      name: `treasury-executor ${instance}`,
      chain,
      signal,
      // The stream says the same; four storages would wake it four times for each block.
      onHint: () => {
        if (!streaming) blocks.ring();
      },
      onState: (connected, why) => health.assess('nats', connected ? 'Healthy' : 'Degraded', `no hints of new blocks: ${why}`),
    });
    onStop('consumers', 'hints', hints);
    const followed = followShard(
      {
        ledgers,
        onBlock: () => blocks.ring(),
        onLost: (why) => log.debug({ why }, 'the stream of the shard was lost'),
        onLive: (live) => {
          streaming = live;
        },
        untilRotated: () => rotation.signal,
        sleep: (ms, until) => new Bell().next(ms, until),
      },
      signal,
    ).catch(fatal);
    onStop('consumers', 'blocks', () => followed);
    const driven = driver.run(signal);
    const drain = async () => {
      await driven;
      await driver.drain(AbortSignal.timeout(DRAIN_MS), DRAIN_MS / 4);
    };
    onStop('drain', 'batches', drain, 2 * DRAIN_MS);
  },
});

function checkConfig(genesis: Genesis, key: string): void {
  if (!genesis.treasuries.some((t) => t.executors.includes(key))) throw notAnExecutor(key);
  if (shard >= genesis.shards) throw noSuchShard(shard, genesis.shards);
  if (consensusAddresses.length === 0 || consensusAddresses.length !== storageAddresses.length)
    throw badAddresses(consensusAddresses.length, storageAddresses.length);
}
