/** The checks that read the tree without running it. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from './command.ts';
import { type Check, fail, pass, skip, verdict } from './outcome.ts';
import { at, bin, filesIn, packages, ROOT, TEMP } from './workspace.ts';

const GENERATED = 'libs/protocol/src/gen';
const MINUTES = 60_000;

const command = (name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Check => ({
  name,
  run: async () => verdict(await runCommand(program, args, at('.', 3 * MINUTES, env))),
});

// Biome and buf keep logs and caches in the user's home unless told otherwise.
const CACHE = { XDG_CACHE_HOME: join(ROOT, '.tools', 'cache'), BUF_CACHE_DIR: join(ROOT, '.tools', 'buf-cache') };

/** Generates beside the tree and compares, so that a check never changes what it checks. */
const generated: Check = {
  name: 'generated',
  run: async () => {
    const out = join(TEMP, 'generated');
    const r = await runCommand(bin('buf'), ['generate', '--output', out], at('.', 3 * MINUTES, CACHE));
    if (!r.ok) return fail(r.output);
    const fresh = filesIn(join('.tools', 'tmp', String(process.pid), 'generated', GENERATED), '.ts').map((f) =>
      f.slice(f.indexOf(GENERATED)),
    );
    const committed = filesIn(GENERATED, '.ts');
    if (fresh.length === 0) return fail('buf generate made no file');
    const differs = [...new Set([...fresh, ...committed])].filter((f) => {
      const [a, b] = [join(out, f), join(ROOT, f)];
      return !existsSync(a) || !existsSync(b) || !readFileSync(a).equals(readFileSync(b));
    });
    return differs.length === 0
      ? pass(`${fresh.length} files`)
      : fail(`not what the proto files say (npm run gen):\n${differs.join('\n')}`);
  },
};

const docs: Check = {
  name: 'docs',
  run: async () => {
    if (!existsSync(join(ROOT, 'scripts', 'describe.ts'))) return skip('no scripts/describe.ts');
    return verdict(await runCommand(process.execPath, ['scripts/describe.ts', '--check'], at('.', 3 * MINUTES)));
  },
};

/** On a copy of the manifests: some versions of npm empty node_modules even when told only to look. */
const lockfile: Check = {
  name: 'lockfile',
  run: async () => {
    const copy = join(TEMP, 'lockfile');
    for (const f of ['package.json', 'package-lock.json', ...packages().map((p) => `${p}/package.json`)]) {
      mkdirSync(dirname(join(copy, f)), { recursive: true });
      copyFileSync(join(ROOT, f), join(copy, f));
    }
    const args = ['ci', '--dry-run', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund'];
    const r = await runCommand('npm', args, { ...at('.', 3 * MINUTES), cwd: copy });
    return r.ok ? pass() : fail(`package-lock.json does not fit (npm install):\n${r.output}`);
  },
};

const types = (folder: string): Check => ({
  name: `types ${folder}`,
  run: async () => {
    if (filesIn(folder, '.ts').length === 0) return skip('no source yet');
    return verdict(await runCommand(bin('tsc'), ['-p', '.', '--pretty', 'false'], at(folder, 3 * MINUTES)));
  },
});

export const staticChecks = (): Check[] => [
  command('lint', bin('biome'), ['ci', '--colors=off', '.'], CACHE),
  command('proto', bin('buf'), ['lint'], CACHE),
  generated,
  docs,
  command('tidy', process.execPath, ['scripts/tidy.ts']),
  lockfile,
  ...['scripts', ...packages()].map(types),
];
