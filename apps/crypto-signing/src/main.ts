/** crypto-signing: wiring. `main.ts init …` makes a keystore; without `init` it serves. */
import { join } from 'node:path';
import { sign, verify, wipe } from '@bursar/crypto';
import { toHex } from '@bursar/protocol';
import { signing } from '@bursar/protocol/rpc';
import { bootService, errorFrom, exitCodeOf, genesisValidator, loadConfig } from '@bursar/shared-core';
import { createKeystore, openKeystore } from './adapters/keystore.ts';
import { failingStop, openRecord } from './adapters/record-log.ts';
import { signingHandlers } from './adapters/signing-service.ts';
import { configSchema, initSchema } from './config.ts';
import { contract } from './contract.ts';
import { evidenceSigner } from './core/sign-evidence.ts';
import { Signer } from './core/signer.ts';
import { keyNotInGenesis } from './errors.ts';
import { signingMetrics } from './metrics.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === 'init') await init(rest);
else await serve();

async function init(argv: readonly string[]): Promise<void> {
  const config = loadConfig(initSchema, 'crypto-signing init', argv);
  try {
    const publicKey = await createKeystore(config.keystore, config.passphraseFile.reveal());
    process.stdout.write(`${JSON.stringify({ publicKey })}\n`);
  } catch (e) {
    const error = errorFrom(e);
    process.stderr.write(`${error.message} ${error.remedy}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

async function serve(): Promise<void> {
  const config = loadConfig(configSchema, contract.id);
  const metrics = signingMetrics();
  await bootService({
    contract,
    config,
    metrics: metrics.all,
    async start({ genesis, chain, log, onStop, fatal, serve: listen }) {
      const keys = openKeystore(config.keystore, config.passphraseFile.reveal());
      onStop('flush', 'key', () => wipe(keys.secretKey));
      const publicKey = toHex(keys.publicKey);
      if (genesisValidator(genesis, config.validator).publicKey !== publicKey) throw keyNotInGenesis(config.validator, publicKey);

      const { log: file, record } = await openRecord(join(config.dataDir, 'record'));
      onStop('flush', 'record', () => file.close());
      if (file.torn) log.warn({ ...file.torn }, 'the end of the record was torn by a crash and cut off');
      metrics.watchBehind(() => record.behind);
      const signHash = (hash: Uint8Array) => sign(keys.secretKey, hash);
      const signer = new Signer({
        chain,
        validator: config.validator,
        record,
        log: failingStop(file, fatal),
        sign: signHash,
        verify: (hash, signature) => verify(keys.publicKey, hash, signature),
      });
      const signEvidence = evidenceSigner({ genesis, chain, reporter: publicKey, record, sign: signHash });
      await listen((rpc) => rpc.add(signing.Signing, signingHandlers(signer, keys.publicKey, metrics, signEvidence), 'bearer'), {
        publicKey,
      });
    },
  });
}
