/** One process per data folder. The lock file names its holder; the lock of a dead process is taken over. */
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BursarError, coreError, messageOf, systemCode } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { processIdentity } from './process-identity.ts';

export interface FolderLock {
  readonly dir: string;
  release(): Promise<void>;
}
const NAME = 'LOCK';
let counter = 0;

/** @throws FolderLocked with the holder's pid */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, NAME);
  const unique = `${path}.${process.pid}.${++counter}`;
  const content = `${JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) ?? '', nonce: counter })}\n`;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(unique, content, { mode: 0o600 });
    await acquire(dir, path, unique);
  } catch (error) {
    if (systemCode(error) !== undefined)
      throw coreError('LogFailed', `the folder ${dir} cannot be locked: ${messageOf(error)}`, { cause: error });
    throw error;
  } finally {
    await unlink(unique).catch(() => {});
  }
  return {
    dir,
    async release() {
      if ((await contentOf(path)) === content) await unlink(path).catch(() => {});
    },
  };
}

/** Creates the lock by link(2), which never replaces; a stale one is moved aside first. */
async function acquire(dir: string, path: string, unique: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return await link(unique, path);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const found = await contentOf(path);
    if (found === undefined) continue; // released meanwhile
    const holder = liveHolder(found);
    if (holder !== undefined) throw locked(dir, holder);
    const aside = `${unique}.stale`;
    await rename(path, aside).catch(() => {});
    // Between reading and moving, another process may have taken over: then its lock goes back where it was.
    const moved = await contentOf(aside);
    if (moved !== undefined && moved !== found) await link(aside, path).catch(() => {});
    await unlink(aside).catch(() => {});
  }
  throw locked(dir, undefined);
}

const contentOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

function liveHolder(content: string): number | undefined {
  try {
    const { pid, identity } = JSON.parse(content) as { pid: number; identity: string };
    if (!Number.isInteger(pid) || pid < 1) return undefined;
    const now = processIdentity(pid);
    return now !== undefined && (now === identity || now === '' || identity === '') ? pid : undefined;
  } catch {
    return undefined; // a lock file is linked in whole: what does not parse was written by nobody of ours
  }
}

function locked(dir: string, pid: number | undefined): BursarError {
  const by = pid === undefined ? 'another process that is starting' : `process ${pid}`;
  return coreError('FolderLocked', `the folder ${dir} is in use by ${by}`, {
    exitCode: EXIT.dependency,
    details: { dir, ...(pid ? { pid: String(pid) } : {}) },
  });
}
