import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lockFolder } from '../src/index.ts';
import { successorName } from '../src/log/folder-lock.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bursar-lock-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const folder = () => join(root, `d${++count}`);
const program = new URL('./support/lock-holder.ts', import.meta.url).pathname;

describe('one process per data folder', () => {
  it('a second holder in the same process is refused until the first lets go', async () => {
    const dir = folder();
    const lock = await lockFolder(dir);
    await expect(lockFolder(dir)).rejects.toMatchObject({ reason: 'FOLDER_LOCKED', exitCode: 69, details: { pid: String(process.pid) } });
    await lock.release();
    await (await lockFolder(dir)).release();
    expect(await readdir(dir)).toEqual([]);
  });
  it('a second process is refused with the pid of the first; once that was killed, its lock is taken over', async () => {
    const dir = folder();
    const holder = spawn(process.execPath, [program, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await expect(lockFolder(dir)).rejects.toThrow(`in use by process ${holder.pid}`);
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    const lock = await lockFolder(dir);
    expect(JSON.parse(await readFile(join(dir, 'LOCK'), 'utf8')).pid).toBe(process.pid);
    await lock.release();
  });
  it.each([
    ['a pid that was given to another process since', () => JSON.stringify({ pid: process.pid, identity: 'an earlier boot:1' })],
    ['rubbish', () => 'rubbish'],
  ])('%s is a stale lock', async (_, content) => {
    const dir = folder();
    await (await lockFolder(dir)).release();
    await writeFile(join(dir, 'LOCK'), content());
    await (await lockFolder(dir)).release();
  });
  it('whoever else finds the same stale lock, and however often, there are never two holders', async () => {
    for (let round = 0; round < 100; round++) {
      const dir = folder();
      await mkdir(dir);
      await writeFile(join(dir, 'LOCK'), 'rubbish');
      const race = await Promise.allSettled(Array.from({ length: 16 }, () => lockFolder(dir)));
      expect(race.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
      expect(await readdir(dir)).toEqual(['LOCK']);
    }
  });
  it('a process that died while it took a stale lock over does not lock the folder for ever', async () => {
    const dir = folder();
    await mkdir(dir);
    await writeFile(join(dir, 'LOCK'), 'rubbish');
    await writeFile(join(dir, successorName(1, 'rubbish')), 'rubbish of the next');
    const race = await Promise.allSettled(Array.from({ length: 4 }, () => lockFolder(dir)));
    expect(race.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(dir)).toEqual(['LOCK']);
  });
  it('of eight processes that find a stale lock at once, exactly one gets it', async () => {
    const dir = folder();
    await (await lockFolder(dir)).release();
    await writeFile(join(dir, 'LOCK'), 'rubbish');
    const race = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(dir)));
    expect(race.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    const outside = await promisify(execFile)(process.execPath, [program, dir, 'once']);
    expect(outside.stdout).toContain(`in use by process ${process.pid}`);
  });
});
