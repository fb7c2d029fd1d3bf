/** A service's genesis and data folder: one process per folder, one chain per folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadGenesis, type Digest, type Genesis, parseGenesis } from '@bursar/protocol';
import { coreError, messageOf, rejection } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { atomicWriteFile } from './log/atomic-file.ts';
import { type FolderLock, lockFolder } from './log/folder-lock.ts';

export interface Chain {
  readonly genesis: Genesis;
  readonly id: Digest;
}

/** @throws Configuration (exit 78) with every problem of the file */
export function readGenesis(path: string): Chain {
  try {
    const { genesis, chain } = parseGenesis(readFileSync(path, 'utf8'));
    return { genesis, id: chain };
  } catch (cause) {
    const what = cause instanceof BadGenesis ? cause.problems.join('; ') : messageOf(cause);
    throw coreError('Configuration', `the genesis ${path} cannot be used: ${what}`, { exitCode: EXIT.config, cause });
  }
}

/** The validator that a service works for. @throws Configuration (exit 78) when the genesis has none with this index */
export function genesisValidator({ validators }: Genesis, index: number): Genesis['validators'][number] {
  const found = validators[index];
  if (found) return found;
  throw coreError('Configuration', `validator ${index} is not in the genesis, which has ${validators.length}`, { exitCode: EXIT.config });
}

/**
 * Locks the folder and ties it to the chain with its first use (file `chain`).
 * @throws FolderLocked (exit 69), GenesisMismatch (exit 78) when the folder belongs to another chain
 */
export async function openChainFolder(genesisPath: string, dataDir: string): Promise<Chain & { readonly lock: FolderLock }> {
  const chain = readGenesis(genesisPath);
  const lock = await lockFolder(dataDir);
  const file = join(dataDir, 'chain');
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (known === undefined) await atomicWriteFile(file, `${chain.id}\n`);
  else if (known !== chain.id) {
    await lock.release();
    throw rejection(
      'GenesisMismatch',
      `the folder ${dataDir} belongs to chain ${known}, the genesis ${genesisPath} is that of ${chain.id}`,
      {
        remedy: 'Start with the genesis of that chain, or with an empty folder.',
        exitCode: EXIT.config,
      },
    );
  }
  return { ...chain, lock };
}
