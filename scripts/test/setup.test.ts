import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isAlive, takeLock } from '../setup/lock.mjs';
import { findNats, isAtLeast, isNatsServer } from '../setup/nats.mjs';
import { outerPath } from '../setup/spawn.mjs';
import { isSame } from '../setup.mjs';

let dir = '';
const before = { ...process.env };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bursar-setup-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  process.env = { ...before };
});

describe('isAtLeast', () => {
  it.each<[string, boolean]>([
    ['nats-server: v2.11.0', true],
    ['nats-server: v2.15.2', true],
    ['nats-server: v3.0.0', true],
    ['nats-server: v2.10.22', false],
    ['nats-server: v2.9.10', false],
    ['nats-server: v1.99.0', false],
    ['', false],
    ['usage: nats-server', false],
  ])('%j is 2.11 or newer: %s', (text, expected) => expect(isAtLeast(text, 2, 11)).toBe(expected));
});

it('isNatsServer refuses the version of another program', () => {
  expect(isNatsServer('true (GNU coreutils) 9.1')).toBe(false);
  expect(isNatsServer('nats-server: v2.15.1')).toBe(true);
});

describe('findNats', () => {
  const plant = (folder: string, version: string): string => {
    mkdirSync(join(dir, folder), { recursive: true });
    const program = join(dir, folder, 'nats-server');
    writeFileSync(program, `#!/bin/sh\necho nats-server: v${version}\n`);
    chmodSync(program, 0o755);
    return program;
  };
  beforeEach(() => {
    delete process.env['BURSAR_NATS_SERVER'];
    process.env['PATH'] = `${join(dir, 'path')}:/usr/bin:/bin`;
  });

  it('takes the variable first', () => {
    plant('path', '2.12.0');
    const given = plant('given', '2.13.0');
    process.env['BURSAR_NATS_SERVER'] = given;
    expect(findNats(dir)).toBe(given);
  });
  it('refuses a variable that names no recent server, and says what it found', () => {
    process.env['BURSAR_NATS_SERVER'] = plant('given', '2.9.10');
    expect(() => findNats(dir)).toThrow(/v2\.9\.10.*2\.11 or newer/);
    process.env['BURSAR_NATS_SERVER'] = join(dir, 'nowhere');
    expect(() => findNats(dir)).toThrow(/nowhere.*no program/);
  });
  it('takes the PATH before the clone', () => {
    const onPath = plant('path', '2.11.0');
    plant('nats', '2.15.0');
    expect(findNats(dir)).toBe(onPath);
  });
  it('passes over an old one on the PATH', () => {
    plant('path', '2.9.10');
    const own = plant('nats-pypi/bin', '2.15.1');
    expect(findNats(dir)).toBe(own);
  });
  it('passes over one that does not run', () => {
    chmodSync(plant('nats', '2.15.1'), 0o644);
    expect(findNats(dir)).toBeUndefined();
  });
  it('finds nothing in an empty clone', () => expect(findNats(dir)).toBeUndefined());
});

describe('isSame compares the lock with what npm installed', () => {
  const a = { version: '1.0.0', integrity: 'sha512-a' };
  const wanted = { '': {}, 'apps/x': { version: '0.1.0' }, 'node_modules/a': a, 'node_modules/mac': { version: '1.0.0', optional: true } };
  it.each<[string, object, boolean]>([
    ['everything is there', { 'node_modules/a': a, 'node_modules/mac': { version: '1.0.0' } }, true],
    ['an optional one for another system is missing', { 'node_modules/a': a }, true],
    ['one is missing', {}, false],
    ['one has another version', { 'node_modules/a': { ...a, version: '1.0.1' } }, false],
    ['one has other content', { 'node_modules/a': { ...a, integrity: 'sha512-b' } }, false],
    ['one is there too many', { 'node_modules/a': a, 'node_modules/b': a }, false],
  ])('%s: %j → %s', (_sentence, installed, expected) => expect(isSame(wanted, installed as typeof wanted)).toBe(expected));
});

it('outerPath leaves out node_modules/.bin', () => {
  process.env['PATH'] = '/a:/b/node_modules/.bin:/c';
  expect(outerPath()).toBe('/a:/c');
});

describe('the lock', () => {
  const lock = () => join(dir, 'setup.lock');
  const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

  it('names its owner while held and is gone after', async () => {
    const { release } = await takeLock(lock(), { timeoutMs: 1000 });
    expect(isAlive(readFileSync(lock(), 'utf8'))).toBe(true);
    release();
    release();
    expect(existsSync(lock())).toBe(false);
  });
  it.each<[string, () => string]>([
    ['a dead process', () => `${deadPid()} 12345\n`],
    ['a process whose id was given to another', () => `${process.pid} 1\n`],
    ['nobody', () => ''],
  ])('is taken over from %s', async (_sentence, owner) => {
    writeFileSync(lock(), owner());
    (await takeLock(lock(), { timeoutMs: 1000 })).release();
    expect(existsSync(lock())).toBe(false);
  });
  it('stays with an installer that outlives the killed set-up, and with nobody after it', async () => {
    const installer = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const { share } = await takeLock(lock(), { timeoutMs: 1000 });
    share(installer.pid ?? 0);
    const [, installerLine] = readFileSync(lock(), 'utf8').split('\n');
    writeFileSync(lock(), `${deadPid()} 12345\n${installerLine}\n`);
    expect(isAlive(readFileSync(lock(), 'utf8'))).toBe(true);
    const ended = new Promise((done) => installer.once('exit', done));
    installer.kill();
    await ended;
    (await takeLock(lock(), { timeoutMs: 1000 })).release();
  });
  it('is not taken from a living process: the wait ends with its name', async () => {
    const { release } = await takeLock(lock(), { timeoutMs: 1000 });
    const waited: string[] = [];
    await expect(takeLock(lock(), { timeoutMs: -1, onWait: (pid) => waited.push(pid) })).rejects.toThrow(String(process.pid));
    release();
  });
  it('admits one of six processes at a time, though a dead one held it', async () => {
    writeFileSync(lock(), `${deadPid()} 12345\n`);
    // Each holder makes a folder that may not be there yet, gives others every chance to barge in, and removes it.
    const script = `
      import { mkdirSync, rmdirSync } from 'node:fs';
      import { takeLock } from ${JSON.stringify(join(import.meta.dirname, '..', 'setup', 'lock.mjs'))};
      const { release } = await takeLock(${JSON.stringify(lock())}, { timeoutMs: 60000 });
      mkdirSync(${JSON.stringify(join(dir, 'inside'))});
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      rmdirSync(${JSON.stringify(join(dir, 'inside'))});
      release();`;
    const one = () =>
      new Promise((done) => spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }).once('exit', done));
    expect(await Promise.all(Array.from({ length: 6 }, one))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
