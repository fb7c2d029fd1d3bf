/** Validator-set: who may vote, with what weight, and who leads. */
import { ed25519 } from '@bursar/crypto';
import { ledger, validatorSet } from '@bursar/protocol/rpc';
import { bootService, createRpcClient, EXIT, genesisValidator, loadConfig, rejection } from '@bursar/shared-core';
import { natsHints } from './adapters/nats-hints.ts';
import { storageSource } from './adapters/storage-source.ts';
import { validatorSetHandlers } from './adapters/validator-set-service.ts';
import { configSchema } from './config.ts';
import { contract } from './contract.ts';
import { followBlocks } from './core/follow.ts';
import { Hint } from './core/hint.ts';
import { MembershipState } from './core/membership-state.ts';
import { membershipMetrics } from './metrics.ts';

const config = loadConfig(configSchema, contract.id);
const metrics = membershipMetrics();

await bootService({
  contract,
  config,
  metrics: metrics.all,
  waitsFor: { blocks: 'no final block of storage was followed yet' },
  async start({ genesis, chain, log, health, signal, onStop, fatal, serve }) {
    genesisValidator(genesis, config.validator);
    const state = new MembershipState(genesis, chain, ed25519);
    metrics.watch(state);

    await serve((rpc) => rpc.add(validatorSet.ValidatorSet, validatorSetHandlers(state), 'public'));

    const hint = new Hint();
    let lastLost = '';
    const closeHints = natsHints({
      url: config.natsUrl,
      name: `validator-set ${config.instance}`,
      chain,
      validator: config.validator,
      signal,
      onBlock: (height, header, certificate) => {
        if (!hint.isAwaited || height <= state.height || !state.verify(header, certificate).valid) return;
        log.debug({ height, followed: state.height }, 'an event is ahead of what was followed');
        hint.give();
      },
      onUp: () => log.debug({}, 'NATS is heard'),
      onDown: (error) => log.debug({ err: error }, 'NATS does not answer; blocks come from storage all the same'),
      onError: (error, subject) => log.debug({ err: error, subject }, 'an event that cannot be read'),
    });
    onStop('consumers', 'hints', closeHints);

    const storage = createRpcClient(ledger.Ledger, config.storageAddress, { bearer: config.tokenFile });
    const following = followBlocks(
      {
        state,
        source: storageSource(storage),
        halt: (name, reason) => fatal(rejection(name, reason, { exitCode: EXIT.safety })),
        pause: (failures, until) => hint.pause(failures, until),
        onProgress: (height, caughtUp) => {
          lastLost = '';
          health.setReady('blocks', caughtUp, `block ${height} is followed, storage has more`);
          log.debug({ height }, 'a final block is counted');
        },
        onLost: (why) => {
          metrics.onLost();
          health.setReady('blocks', false, `storage: ${why}`);
          if (why === lastLost) return; // said once, until something else happens
          lastLost = why;
          log.info({ height: state.height, why }, 'the stream of final blocks is lost; it is opened again');
        },
        breathe: () => new Promise((resolve) => setImmediate(resolve)),
      },
      signal,
    ).catch(fatal);
    onStop('consumers', 'blocks', async () => {
      await following;
      storage.close();
    });
  },
});
