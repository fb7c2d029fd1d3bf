/** Running other programs during set-up: quiet ones to ask a question, loud ones to install. */
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, sep } from 'node:path';

/** A failure with a sentence for the user and an exit code. */
export class SetupError extends Error {
  exitCode = 69;
}

/** PATH without node_modules/.bin: an install replaces that folder and must not run on what it deletes. */
export const outerPath = () =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((p) => !p.endsWith(`node_modules${sep}.bin`))
    .join(delimiter);

/**
 * Asks a program something.
 * @param {string} program @param {string[]} args
 * @returns {string | undefined} what it printed, or undefined when it is missing, fails or takes over ten seconds
 */
export function ask(program, ...args) {
  const r = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000, env: { ...process.env, PATH: outerPath() } });
  return r.status === 0 ? r.stdout.trim() : undefined;
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

/** Stops the installation that is under way, if any, and waits for its end. npm takes no notice of SIGTERM while it unpacks. */
export async function stopRunning() {
  const child = running;
  if (!child) return;
  const closed = new Promise((done) => child.once('close', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await closed;
  clearTimeout(timer);
}

/**
 * Runs a program to its end.
 * @param {string} program @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onStart: (pid: number) => void }} options
 * @returns {Promise<{ ok: boolean, output: string }>} the last 4,000 characters it printed
 */
export function run(program, args, { cwd, env, timeoutMs = 600_000, onStart }) {
  return new Promise((done) => {
    let output = '';
    const keep = (/** @type {Buffer} */ b) => {
      output = (output + b.toString()).slice(-4000);
    };
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', PATH: outerPath(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    running = child;
    if (child.pid !== undefined) onStart(child.pid);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (e) => done({ ok: false, output: e.message }));
    child.on('close', (code, signal) => {
      running = undefined;
      done({ ok: code === 0, output: signal ? `${output}\nstopped by ${signal}` : output });
    });
  });
}
