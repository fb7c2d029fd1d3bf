#!/usr/bin/env node
/** `bursar …` on any Node from 20 on: hands over to the Node that the clone has pinned, which reads TypeScript as it is. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const root = dirname(dirname(dirname(here)));
const pinned = join(root, 'node_modules', '.bin', 'node');
const node = existsSync(pinned) ? pinned : process.versions.node.startsWith('24.') ? process.execPath : undefined;
if (node === undefined || !existsSync(join(root, 'node_modules', 'commander'))) {
  process.stderr.write(
    `bursar: the packages of ${root} are not installed\n  do:  run "npm start" or "npm test" there once; both install them\n`,
  );
  process.exit(69);
}

/** A server in the clone's tool folder, for the commands that start one; whoever sets the variable decides. */
async function natsServer() {
  if (process.env.BURSAR_NATS_SERVER || !['demo', 'devnet'].includes(process.argv[2] ?? '')) return {};
  const { findNats } = await import(pathToFileURL(join(root, 'scripts', 'setup', 'nats.mjs')).href);
  const found = findNats(join(root, '.tools'));
  return found ? { BURSAR_NATS_SERVER: found } : {};
}

const { NODE_OPTIONS: _, ...inherited } = process.env;
const child = spawn(node, [join(dirname(here), 'src', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...inherited, ...(await natsServer()), NODE_COMPILE_CACHE: join(root, '.tools', 'compile-cache') },
});
// A terminal sends Ctrl-C to the whole group itself; sent twice it would read as "at once".
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
child.on('error', (e) => {
  process.stderr.write(`bursar: cannot run ${node}: ${e.message}\n`);
  process.exit(69);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
