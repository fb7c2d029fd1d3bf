/** Settings of the consensus process; docs/operations.md lists them. */
import { limits } from '@bursar/protocol';
import { type ConfigOf, defineConfig, serviceOptions } from '@bursar/shared-core';

export const configSchema = defineConfig({
  ...serviceOptions,
  genesis: {
    type: 'path',
    env: 'BURSAR_GENESIS',
    required: true,
    mustExist: true,
    help: 'the genesis file that every process of the network shares',
  },
  dataDir: { type: 'path', env: 'BURSAR_DATA_DIR', required: true, help: 'folder of this process alone; the log is in it' },
  validator: { type: 'int', env: 'BURSAR_VALIDATOR', required: true, min: 0, max: 199, help: 'index of this validator in the genesis' },
  tokenFile: { type: 'secretFile', env: 'BURSAR_TOKEN_FILE', required: true, help: 'bearer token of this cell, mode 0600' },
  signingAddress: {
    type: 'string',
    env: 'BURSAR_SIGNING_ADDRESS',
    default: '127.0.0.1:50053',
    help: 'crypto-signing of this cell, host:port',
  },
  storageAddress: { type: 'string', env: 'BURSAR_STORAGE_ADDRESS', default: '127.0.0.1:50054', help: 'storage of this cell, host:port' },
  validatorSetAddress: {
    type: 'string',
    env: 'BURSAR_VALIDATOR_SET_ADDRESS',
    default: '127.0.0.1:50052',
    help: 'validator-set of this cell, host:port',
  },
  batchMaxTransactions: {
    type: 'int',
    env: 'BURSAR_BATCH_MAX_TRANSACTIONS',
    default: limits.transactionsPerBatch,
    min: 1,
    max: limits.transactionsPerBatch,
    help: 'transactions in a batch of this validator, at most; fewer give the others shorter jobs and cost throughput',
  },
});
export type Config = ConfigOf<typeof configSchema>;
