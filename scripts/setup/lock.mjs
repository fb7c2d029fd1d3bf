/**
 * One set-up at a time in one clone: a lock file that names its owners. A lock whose owners are all gone is taken over.
 *
 * The first line is the process that took the lock, further lines are installers it started: one that outlives a killed
 * set-up still writes to the clone. An owner is a process id and, where the kernel tells it (Linux), the time that process
 * started, so that a reused id does not keep a dead lock alive.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} pid @returns {string} field 22 of /proc/PID/stat, or '' where there is no /proc */
function startedAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

const describe = (/** @type {number} */ pid) => `${pid} ${startedAt(pid)}\n`;

/** @param {string} owners text of a lock file */
export const isAlive = (owners) => owners.trim().split('\n').some(isRunning);

function isRunning(/** @type {string} */ owner) {
  const [pid = '', started = ''] = owner.split(' ');
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (e) {
    if (/** @type {NodeJS.ErrnoException} */ (e).code === 'ESRCH') return false;
  }
  return started === '' || startedAt(Number(pid)) === started;
}

/** @param {string} file @returns {string | undefined} */
function readOwner(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // released in the meantime
  }
}

/** Moves a dead owner's lock aside. Rename picks one winner; if it caught a new living lock instead, it is put back. */
function removeStale(/** @type {string} */ file, /** @type {string} */ deadOwner) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readOwner(aside) !== deadOwner) linkSync(aside, file);
  } catch {
    // somebody else moved it first, or a new owner stands there already: the caller looks again
  }
  rmSync(aside, { force: true });
}

/**
 * Takes the lock, waiting while a living process holds it.
 * @param {string} file path of the lock; its folder exists
 * @param {{ timeoutMs: number, onWait?: (pid: string) => void }} options
 * @returns {Promise<{ release: () => void, share: (pid: number) => void }>} release may be called twice; share keeps the
 *   lock alive as long as that process lives, even if this one is killed
 */
export async function takeLock(file, { timeoutMs, onWait }) {
  const mine = describe(process.pid);
  const draft = `${file}.${process.pid}.new`;
  const deadline = Date.now() + timeoutMs;
  let told = '';
  for (;;) {
    writeFileSync(draft, mine);
    try {
      linkSync(draft, file); // atomic, and the file never stands there without its owner's name
      return {
        release: () => {
          if (readOwner(file)?.startsWith(mine)) rmSync(file, { force: true });
        },
        share: (pid) => {
          writeFileSync(draft, mine + describe(pid));
          renameSync(draft, file);
        },
      };
    } catch (e) {
      if (/** @type {NodeJS.ErrnoException} */ (e).code !== 'EEXIST') throw e;
    } finally {
      rmSync(draft, { force: true });
    }
    const owner = readOwner(file);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      removeStale(file, owner);
      continue;
    }
    if (Date.now() > deadline) throw new Error(`process ${owner.split(' ')[0]} has held ${file} for ${timeoutMs / 1000} s`);
    if (told !== owner) onWait?.(owner.split(' ')[0] ?? '');
    told = owner;
    await sleep(200);
  }
}
