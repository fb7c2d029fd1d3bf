/** Settings of storage. */
import { defineConfig, serviceOptions } from '@bursar/shared-core';

export const configSchema = defineConfig({
  ...serviceOptions,
  genesis: { type: 'path', env: 'BURSAR_GENESIS', required: true, mustExist: true, help: 'genesis.json of the chain' },
  dataDir: { type: 'path', env: 'BURSAR_DATA_DIR', required: true, help: 'folder of the blocks, the cursor of the outbox and dumps' },
  validator: { type: 'int', env: 'BURSAR_VALIDATOR', required: true, min: 0, max: 199, help: 'index of this validator in the genesis' },
  tokenFile: { type: 'secretFile', env: 'BURSAR_TOKEN_FILE', required: true, help: "file with the cell's bearer token" },
});
