import { defineConfig, serviceOptions } from '@bursar/shared-core';

const { natsUrl: _, ...common } = serviceOptions;

export const configSchema = defineConfig({
  ...common,
  genesis: { type: 'path', env: 'BURSAR_GENESIS', required: true, mustExist: true, help: 'genesis.json of the chain' },
  validator: { type: 'int', env: 'BURSAR_VALIDATOR', required: true, min: 0, max: 199, help: 'index of this validator in the genesis' },
  dataDir: { type: 'path', env: 'BURSAR_DATA_DIR', required: true, help: 'folder of the record of signatures' },
  tokenFile: { type: 'secretFile', env: 'BURSAR_TOKEN_FILE', required: true, help: 'bearer token of this cell' },
  keystore: { type: 'path', env: 'BURSAR_KEYSTORE', required: true, mustExist: true, help: 'encrypted key, made by `init`' },
  passphraseFile: { type: 'secretFile', env: 'BURSAR_PASSPHRASE_FILE', required: true, help: 'passphrase of the keystore' },
});

/** Settings of `main.ts init`, which makes a keystore and prints its public key. */
export const initSchema = defineConfig({
  keystore: { type: 'path', env: 'BURSAR_KEYSTORE', required: true, help: 'file to make; never overwritten' },
  passphraseFile: { type: 'secretFile', env: 'BURSAR_PASSPHRASE_FILE', required: true, help: 'passphrase, at least 16 characters' },
});
