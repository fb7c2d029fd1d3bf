/**
 * Services as one file each, made once for each state of the sources: seventeen processes that each find, read and strip five
 * hundred modules take three times as long to start. Where bundling fails the sources run as they are.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const APPS = ['consensus', 'crypto-signing', 'storage', 'treasury-executor', 'validator-set'] as const;
export type BundledApp = (typeof APPS)[number];

/** Native packages stay outside; CommonJS inside an ES module needs the names that Node gives it. */
const EXTERNAL = ['sodium-native', '@chainsafe/hashtree'];
const BANNER = [
  "import{createRequire as __c}from'node:module'",
  "import{fileURLToPath as __f}from'node:url'",
  "import{dirname as __d}from'node:path'",
  'const require=__c(import.meta.url),__filename=__f(import.meta.url),__dirname=__d(__filename)',
].join(';');
const OLD_MS = 3_600_000;

/** Files that a program starts as worker threads, at the top of its sources. */
const workers = (root: string, app: BundledApp): string[] => globSync(join(root, 'apps', app, 'src', 'worker-*.ts')).sort();

function sourcesHash(root: string): string {
  const hash = createHash('sha256').update(BANNER);
  for (const file of ['package-lock.json', ...globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'], { cwd: root }).sort()])
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 24);
}

/** Folder of the bundles of these sources, made when it is missing; undefined when they cannot be made. */
export async function bundleServices(root: string, node: string): Promise<string | undefined> {
  const parent = join(root, '.tools', 'bundle');
  const folder = join(parent, sourcesHash(root));
  if (existsSync(folder)) return folder;
  const esbuild = join(root, 'node_modules', 'esbuild', 'bin', 'esbuild');
  if (!existsSync(esbuild) || APPS.some((app) => !existsSync(join(root, 'apps', app, 'src', 'main.ts')))) return undefined;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    await Promise.all(APPS.map((app) => bundle(root, node, esbuild, app, join(draft, app))));
    renameSync(draft, folder);
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return existsSync(folder) ? folder : undefined; // another program may have made it meanwhile
  }
  removeOld(parent, folder);
  return folder;
}

/** One folder deep, as the adapters are that name a worker as `../worker-….ts`. */
export const bundledEntry = (folder: string, app: BundledApp): string => join(folder, app, 'program', 'main.js');

async function bundle(root: string, node: string, esbuild: string, app: BundledApp, outdir: string): Promise<void> {
  const options = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--target=node24',
    '--log-level=error',
    `--banner:js=${BANNER}`,
    ...EXTERNAL.map((name) => `--external:${name}`),
  ];
  const build = (entry: string, outfile: string) =>
    promisify(execFile)(node, [esbuild, entry, ...options, `--outfile=${outfile}`], { cwd: root, timeout: 120_000 });
  await Promise.all([
    build(join(root, 'apps', app, 'src', 'main.ts'), join(outdir, 'program', 'main.js')),
    ...workers(root, app).map((w) => build(w, join(outdir, basename(w)))),
  ]);
}

/** Bundles of earlier sources; a recent one may still be running. */
function removeOld(parent: string, current: string): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (path !== current && Date.now() - statSync(path).mtimeMs > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}
