/** Settings of treasury-executor. */
import { defineConfig, serviceOptions } from '@bursar/shared-core';

export const configSchema = defineConfig({
  ...serviceOptions,
  genesis: { type: 'path', env: 'BURSAR_GENESIS', required: true, mustExist: true, help: 'genesis.json of the chain' },
  dataDir: { type: 'path', env: 'BURSAR_DATA_DIR', required: true, help: 'folder of the journal of signed batches' },
  keyFile: { type: 'path', env: 'BURSAR_KEY_FILE', required: true, mustExist: true, help: 'key file of the executor (mode 0600)' },
  tokenFile: {
    type: 'secretFile',
    env: 'BURSAR_TOKEN_FILE',
    required: true,
    help: 'bearer token for SetPlanning and Redrive',
  },
  shard: { type: 'int', env: 'BURSAR_SHARD', default: 0, min: 0, max: 65_535, help: 'shard whose lease this executor seeks' },
  consensusAddresses: {
    type: 'list',
    env: 'BURSAR_CONSENSUS_ADDRESSES',
    required: true,
    help: 'host:port of the consensus of each validator',
  },
  storageAddresses: {
    type: 'list',
    env: 'BURSAR_STORAGE_ADDRESSES',
    required: true,
    help: 'host:port of the storage of each validator, in the same order',
  },
  pollMs: { type: 'durationMs', env: 'BURSAR_POLL_MS', default: 1_000, help: 'longest wait between two looks at the ledger' },
  batchItems: { type: 'int', env: 'BURSAR_BATCH_ITEMS', default: 1_000, min: 1, max: 1_000, help: 'most payments in a batch' },
  window: { type: 'int', env: 'BURSAR_WINDOW', default: 16, min: 1, max: 64, help: 'batches that may be signed and not executed yet' },
  expiryMs: {
    type: 'durationMs',
    env: 'BURSAR_EXPIRY_MS',
    default: 30_000,
    help: 'ledger time after which a batch can be executed no more',
  },
  resendMs: { type: 'durationMs', env: 'BURSAR_RESEND_MS', default: 2_000, help: 'wait before the same bytes go to another validator' },
  timeoutMs: {
    type: 'durationMs',
    env: 'BURSAR_TIMEOUT_MS',
    default: 10_000,
    help: 'a batch in no block after so long is a failure to the breaker',
  },
});
