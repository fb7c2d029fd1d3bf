#!/usr/bin/env node
/** `node scripts/run.mjs start|test|sim|fuzz|linearize|campaign|story|bench|stress [arguments]`: set-up first, then the program on the pinned Node. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setupOrExit } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, string[]>} */
const programs = {
  start: ['apps/bursar/src/main.ts', 'demo'],
  test: ['scripts/test.ts'],
  sim: ['libs/simulator/src/main.ts'],
  fuzz: ['scripts/fuzz/main.ts'],
  linearize: ['scripts/linearize/main.ts'],
  campaign: ['scripts/campaign/main.ts'],
  story: ['scripts/stories/main.ts'],
  bench: ['scripts/bench/main.ts'],
  stress: ['scripts/stress/main.ts'],
};

const [name = '', ...args] = process.argv.slice(2);
const [program, ...first] = programs[name] ?? [];
if (program === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(programs).join('|')} [arguments]\n`);
  process.exit(64);
}

const { node, natsServer } = await setupOrExit();
const { NODE_OPTIONS: _, ...inherited } = process.env;
const child = spawn(node, [join(root, program), ...first, ...args], {
  stdio: 'inherit',
  env: {
    ...inherited,
    PATH: [join(root, 'node_modules', '.bin'), dirname(node), process.env.PATH].join(delimiter),
    BURSAR_NATS_SERVER: natsServer,
    NODE_COMPILE_CACHE: join(root, '.tools', 'compile-cache'),
  },
});

// A terminal sends Ctrl-C to the whole group itself; sent twice it would read as "at once".
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });

child.on('error', (e) => {
  process.stderr.write(`cannot run ${node}: ${e.message}\n`);
  process.exit(69);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
