#!/usr/bin/env node
/**
 * Everything a fresh clone needs before it can run: the locked npm packages, the pinned Node 24 and a NATS server.
 *
 * Plain Node 20, no dependencies. Does nothing when nothing is missing, and writes only inside the clone (package
 * managers keep their own caches). Progress goes to stderr, one line per thing that takes time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeLock } from './setup/lock.mjs';
import { findNats, installNats } from './setup/nats.mjs';
import { ask, run, SetupError, stopRunning } from './setup/spawn.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tools = join(root, '.tools');
const stamp = join(tools, 'packages.stamp');
const pinnedNode = join(root, 'node_modules', '.bin', 'node');

const say = (/** @type {string} */ line) => process.stderr.write(`set-up: ${line}\n`);
const text = (/** @type {string} */ file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const lockHash = () =>
  createHash('sha256')
    .update(text(join(root, 'package-lock.json')))
    .digest('hex');

/** The Node to run with: the pinned one, or the one we run on where no package for this machine exists (arm, macOS). */
function findNode() {
  if (existsSync(pinnedNode)) return pinnedNode;
  return process.versions.node.startsWith('24.') ? process.execPath : undefined;
}

const arePackagesFresh = () => findNode() !== undefined && text(stamp) === lockHash() && existsSync(installedLock());
const installedLock = () => join(root, 'node_modules', '.package-lock.json');

/**
 * Whether what is installed is what the lock says. Spares a developer who has just run `npm install` a second one.
 * @param {Record<string, Pkg>} wanted `packages` of package-lock.json @param {Record<string, Pkg>} installed that of npm's record in node_modules
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean }} Pkg
 */
export function isSame(wanted, installed) {
  const inModules = (/** @type {string} */ k) => k.includes('node_modules/');
  if (Object.keys(installed).some((k) => inModules(k) && !wanted[k])) return false;
  return Object.entries(wanted).every(([k, w]) => {
    const i = installed[k];
    if (!inModules(k)) return true;
    return i ? i.version === w.version && i.integrity === w.integrity && i.link === w.link : w.optional || w.devOptional;
  });
}

function isInstalled() {
  if (findNode() === undefined || !existsSync(installedLock())) return false;
  const packages = (/** @type {string} */ f) => JSON.parse(text(f)).packages;
  return isSame(packages(join(root, 'package-lock.json')), packages(installedLock()));
}

/** @param {(pid: number) => void} onStart */
async function installPackages(onStart) {
  rmSync(stamp, { force: true });
  if (!isInstalled()) {
    if (ask('npm', '--version') === undefined) throw new SetupError('npm is missing: install Node 20 or newer with npm.');
    say('installing the locked npm packages (about half a minute)');
    // A production environment would leave out the tools that check and run this.
    const args = ['ci', '--loglevel=error', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    const r = await run('npm', args, { cwd: root, onStart });
    if (!r.ok) throw new SetupError(`npm ci failed:\n${r.output.trim()}`);
  }
  const node = findNode();
  const found = node && ask(node, '--version');
  if (!found?.startsWith('v24.')) {
    const missing =
      process.platform === 'linux' && process.arch === 'x64' ? 'its download must have failed' : 'there is none for this kind of machine';
    const why = found ? `node_modules/.bin/node is ${found}` : `npm installed no pinned Node: ${missing}`;
    throw new SetupError(`${why}. Run this again, or put a Node 24 first on the PATH.`);
  }
  writeFileSync(stamp, lockHash());
}

/**
 * Brings the clone into a state in which everything can run.
 * @returns {Promise<{ node: string, natsServer: string }>} absolute paths of Node 24 and of nats-server ≥ 2.11
 * @throws {SetupError} with a sentence that says what to install; `exitCode` 69
 */
export async function setup() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new SetupError(`Node ${process.versions.node} is too old: install 20 or newer.`);
  mkdirSync(tools, { recursive: true });
  const found = arePackagesFresh() ? findNats(tools) : undefined;
  const node = findNode();
  if (found && node) return { node, natsServer: found };

  const { release, share } = await takeLock(join(tools, 'setup.lock'), {
    timeoutMs: 900_000,
    onWait: (pid) => say(`waiting for another set-up (process ${pid})`),
  });
  /** @param {'SIGINT' | 'SIGTERM'} signal */
  const stop = async (signal) => {
    await stopRunning();
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    if (!arePackagesFresh()) await installPackages(share);
    const natsServer = findNats(tools) ?? (await installNats({ tools, say, onStart: share }));
    return { node: findNode() ?? process.execPath, natsServer };
  } finally {
    release();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** For programs: the same, but a failure is printed and ends the process. */
export async function setupOrExit() {
  try {
    return await setup();
  } catch (e) {
    say(e instanceof SetupError ? e.message : String(/** @type {Error} */ (e).stack));
    process.exit(e instanceof SetupError ? e.exitCode : 1);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { node, natsServer } = await setupOrExit();
  process.stdout.write(`node         ${node}\nnats-server  ${natsServer}\n`);
}
