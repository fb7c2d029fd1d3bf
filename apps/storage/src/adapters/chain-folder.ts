/** A data folder belongs to one chain: the file `chain` in it holds the chain id, written when the folder is first used. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadGenesis, type Digest, type Genesis, parseGenesis } from '@bursar/protocol';
import { atomicWriteFile, coreError, EXIT, rejection } from '@bursar/shared-core';

/** @throws Configuration (exit 78) naming every problem */
export async function readGenesis(path: string): Promise<{ genesis: Genesis; chain: Digest }> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw coreError('Configuration', `the genesis ${path} cannot be read`, { exitCode: EXIT.config, cause });
  });
  try {
    return parseGenesis(text);
  } catch (e) {
    if (!(e instanceof BadGenesis)) throw e;
    throw coreError('Configuration', `${path}: ${e.message}`, { exitCode: EXIT.config, cause: e });
  }
}

/** @throws GenesisMismatch (exit 78) when the folder was made with another genesis */
export async function claimFolder(dir: string, chain: Digest): Promise<void> {
  const path = join(dir, 'chain');
  const found = await readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return undefined;
    throw e;
  });
  if (found === undefined) return atomicWriteFile(path, `${chain}\n`);
  if (found.trim() !== chain)
    throw rejection('GenesisMismatch', `the folder ${dir} belongs to chain ${found.trim().slice(0, 64)}, the genesis is of ${chain}`, {
      remedy: 'Use the genesis of the folder, or another folder.',
      exitCode: EXIT.config,
    });
}
