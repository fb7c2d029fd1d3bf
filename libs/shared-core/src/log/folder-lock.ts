/**
 * One process per data folder. The file LOCK names its holder. The lock of a dead holder passes to the one process that links the
 * name made of its content (`LOCK.1.<digest>`) and still finds that content in LOCK: no two contents are alike and a dead
 * holder's LOCK is replaced by its successor only, so there is never a moment in which two processes hold the folder.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BursarError, coreError, systemCode } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { diskFailure } from './disk-failure.ts';
import { makeFolder, nodeFiles } from './file-port.ts';
import { processIdentity } from './process-identity.ts';

export interface FolderLock {
  readonly dir: string;
  release(): Promise<void>;
}
const NAME = 'LOCK';
const ATTEMPTS = 20;
/** Processes in a row that may have died while they took the lock over. */
const MAX_DEAD = 8;

/** @throws FolderLocked (exit 69) with the holder's pid; DiskFull, LogFailed */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, NAME);
  const nonce = randomBytes(8).toString('hex');
  const own = `${path}.${nonce}.new`;
  const content = `${JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) ?? '', nonce })}\n`;
  try {
    await makeFolder(nodeFiles, dir);
    await writeFile(own, content, { mode: 0o600 });
    await acquire(dir, own);
  } catch (error) {
    throw diskFailure(`the lock of ${dir}`, error);
  } finally {
    await unlink(own).catch(() => {});
  }
  return {
    dir,
    async release() {
      if ((await contentOf(path)) === content) await unlink(path).catch(() => {});
    },
  };
}

/** Name of the lock that follows one with this content; `depth` counts from 1. */
export const successorName = (depth: number, content: string): string =>
  `${NAME}.${depth}.${createHash('sha256').update(content).digest('hex').slice(0, 32)}`;

interface Found {
  readonly path: string;
  readonly content: string;
}

async function acquire(dir: string, own: string): Promise<void> {
  const path = join(dir, NAME);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(5 * Math.random()); // whoever is in between needs a moment
    const dead: Found[] = [];
    const name = await linkBehind(dir, own, dead);
    if (name === path) return;
    if (name === undefined) continue;
    if (await stillThere(dead)) {
      await rename(name, path);
      for (const { path: left } of dead.slice(1)) await unlink(left).catch(() => {});
      return;
    }
    await unlink(name);
  }
  throw locked(dir, undefined);
}

/**
 * Takes LOCK or the name behind the last of its dead holders, which are added to `dead`.
 * @returns the name; undefined when a holder went meanwhile. @throws FolderLocked
 */
async function linkBehind(dir: string, own: string, dead: Found[]): Promise<string | undefined> {
  let path = join(dir, NAME);
  while (!(await linked(own, path))) {
    const content = await contentOf(path);
    if (content === undefined || dead.length === MAX_DEAD) return undefined;
    const holder = liveHolder(content);
    if (holder !== undefined) throw locked(dir, holder);
    dead.push({ path, content });
    path = join(dir, successorName(dead.length, content));
  }
  return path;
}

/** link(2) never replaces. @returns false when the name is taken */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

const contentOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

async function stillThere(dead: readonly Found[]): Promise<boolean> {
  for (const { path, content } of dead) if ((await contentOf(path)) !== content) return false;
  return true;
}

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
