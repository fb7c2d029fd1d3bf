/** The clone that is checked: its packages, its tools and the environment its checks run in. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { CommandOptions } from './command.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const SCRATCH = join(ROOT, '.tools', 'tmp');
/** This run's own folder for everything temporary: nothing is written outside the clone. */
export const TEMP = join(SCRATCH, String(process.pid));

/** Makes TEMP and removes those of runs that are over. */
export function prepareTemp(): void {
  mkdirSync(TEMP, { recursive: true });
  for (const pid of readdirSync(SCRATCH)) if (!existsSync(`/proc/${pid}`)) rmSync(join(SCRATCH, pid), { recursive: true, force: true });
}

export const bin = (name: string): string => join(BIN, name);

const { NODE_OPTIONS: _, FORCE_COLOR: __, ...inherited } = process.env;
const environment: NodeJS.ProcessEnv = {
  ...inherited,
  NO_COLOR: '1',
  PATH: [BIN, process.env['PATH']].join(delimiter),
  TMPDIR: TEMP,
  NODE_COMPILE_CACHE: join(ROOT, '.tools', 'compile-cache'),
};

/** Options for a command in a folder of the clone. */
export const at = (folder: string, timeoutMs: number, extra: NodeJS.ProcessEnv = {}): CommandOptions => ({
  cwd: join(ROOT, folder),
  env: { ...environment, ...extra },
  timeoutMs,
});
/** As `at`, for a command that gives way to the checks that must not be disturbed. */
export const behind = (...where: Parameters<typeof at>): CommandOptions => ({ ...at(...where), behind: true });

/** Folders of the workspace packages: `apps/consensus` … `libs/simulator`. */
export const packages = (): string[] =>
  ['apps', 'libs'].flatMap((kind) =>
    readdirSync(join(ROOT, kind))
      .filter((name) => existsSync(join(ROOT, kind, name, 'package.json')))
      .map((name) => `${kind}/${name}`),
  );

/** Files below a folder of the clone whose name ends so; none when the folder is not there. */
export function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith(ending) && !f.includes('node_modules'))
    .map((f) => join(folder, f));
}
