/**
 * A Byzantine validator as a process of its own: it holds a validator's key and takes the place of its consensus process, beside an honest
 * storage. `--config` is the file of the process that it replaces.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SignatureWorker } from '../../../apps/consensus/src/adapters/signature-worker.ts';
import { createStorageClient } from '../../../apps/consensus/src/adapters/storage-client.ts';
import { VerifyPool } from '../../../apps/consensus/src/adapters/verify-pool.ts';
import { subjects } from '../../../apps/consensus/src/core/subjects.ts';
import { type ConsensusNode, startNode } from '../../../apps/consensus/src/node.ts';
import { openKeystore } from '../../../apps/crypto-signing/src/adapters/keystore.ts';
import { genesisSet } from '../../../libs/membership/src/index.ts';
import { limits } from '../../../libs/protocol/src/index.ts';
import {
  connectNats,
  createHealth,
  createLogger,
  createMetrics,
  openChainFolder,
  openLog,
  runService,
  startAdmin,
} from '../../../libs/shared-core/src/index.ts';
import { type ActorName, actorNames, actors, Random } from '../../../libs/simulator/src/index.ts';
import { startFlood, tricks } from './flood.ts';
import { freeHand } from './free-hand.ts';
import { NetworkLiar } from './network-liar.ts';

/** The settings of a consensus process that matter here. */
interface Config {
  readonly instance: string;
  readonly genesis: string;
  readonly dataDir: string;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly validator: number;
  readonly natsUrl: string;
  readonly storageAddress: string;
  readonly tokenFile: string;
  readonly parentPid?: number;
}

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    keystore: { type: 'string' },
    passphrase: { type: 'string' },
    actor: { type: 'string', default: 'everything' },
    flood: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const given = (name: 'config' | 'keystore' | 'passphrase'): string => {
  const path = values[name];
  if (path === undefined) throw new Error(`--${name} FILE is missing`);
  return path;
};
const config = JSON.parse(readFileSync(given('config'), 'utf8')) as Config;
const actor = actors[values.actor as ActorName];
if (!actorNames.includes(values.actor as ActorName)) throw new Error(`--actor is one of: ${actorNames.join(', ')}`);

const log = createLogger({ service: 'byzantine', instance: config.instance, level: 'info' });
const health = createHealth(Date.now);
const metrics = createMetrics('byzantine_');
const misdeeds = metrics.counter('misdeeds_total', 'what this validator did that no honest one does', {
  misdeed: [
    ...Object.keys(tricks),
    'equivocation',
    'silence',
    'double vote',
    'selection',
    'replay',
    'false view change',
    'picked new view',
    'squatted digest',
    'cheating batches',
    'forged certificate',
    'forged header',
  ],
});

await runService({
  name: 'byzantine',
  log,
  health,
  parentPid: config.parentPid,
  async start({ signal, onStop, fatal }) {
    health.setReady('takes part', false, 'it starts');
    const admin = await startAdmin({ host: config.adminHost, port: config.adminPort, health, metrics });
    onStop('flush', 'admin', () => admin.close());
    const keys = openKeystore(given('keystore'), readFileSync(given('passphrase'), 'utf8').trim());
    const { genesis, id: chain, lock } = await openChainFolder(config.genesis, config.dataDir);
    onStop('flush', 'lock', () => lock.release());
    const file = await openLog(join(config.dataDir, 'log'), { maxPendingBytes: 64 * 1024 * 1024 });
    onStop('flush', 'log', () => file.close());
    const storage = createStorageClient({
      address: config.storageAddress,
      bearer: readFileSync(config.tokenFile, 'utf8').trim(),
      signal,
      log,
      onReachable: () => {},
    });
    onStop('flush', 'storage', () => storage.close());
    const bus = await connectNats({ url: config.natsUrl, name: config.instance, echo: false, connectMs: 60_000, signal });
    onStop('flush', 'nats', () => bus.close());
    const verify = new VerifyPool({ chain, validators: genesis.validators.map((v) => v.publicKey), workers: 1 });
    onStop('flush', 'workers', () => verify.close());

    const signatures = new SignatureWorker({ timeoutMs: 1_000, onCrash: (error) => log.error({ err: error }, 'a thread is replaced') });
    onStop('flush', 'signatures', () => signatures.close());

    let node: ConsensusNode | undefined;
    const names = subjects(chain);
    const liar = new NetworkLiar({
      bus,
      subjects: names,
      params: {
        chain,
        set: genesisSet(genesis),
        self: config.validator,
        blockIntervalMs: genesis.blockIntervalMs,
        viewTimeoutMs: genesis.viewTimeoutMs,
        resendMs: 500,
        clockToleranceMs: limits.clockToleranceMs,
      },
      keys,
      random: new Random(Number(values.seed)),
      actor,
      driver: () => node?.driver,
      onMisdeed: (misdeed) => misdeeds.inc({ misdeed } as never),
    });
    node = await startNode({
      genesis,
      chain,
      self: config.validator,
      clock: { now: Date.now },
      log,
      health,
      metrics: createMetrics('consensus_'),
      file,
      bus: liar.bus(),
      signer: freeHand(chain, keys),
      storage,
      verify,
      signatures,
      batchMaxTransactions: limits.transactionsPerBatch,
      signal,
      memory: () => 0,
      halt: (name, reason) => fatal(new Error(`${name}: ${reason}`)),
      onFailure: (error) => (signal.aborted ? undefined : fatal(error)),
    });
    onStop('consumers', 'node', () => node?.stop());
    const flood = startFlood(liar, bus, names, Number(values.flood));
    onStop('drain', 'flood', () => flood.stop());
    health.setReady('takes part', true);
  },
});
