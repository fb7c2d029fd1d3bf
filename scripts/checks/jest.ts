/** Tests: one jest process for each package, so that a crash costs one package's count and no more. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from './command.ts';
import { type Check, countJest, type JestReport, pass } from './outcome.ts';
import { at, behind, filesIn, packages, ROOT, TEMP } from './workspace.ts';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const TIMES = join(ROOT, '.tools', 'test-times.json');
/** Twice what the longest package but the simulator takes. */
const TIMEOUT_MS = 20 * 60_000;
/** The simulator takes ten minutes of two idle cores, and gives way to the end-to-end tests. */
const SIMULATOR_MS = 60 * 60_000;

/** Campaigns know no clock but their own: the best company for tests that wait for real processes. */
const SIMULATOR = 'libs/simulator';
const END_TO_END = 'apps/bursar';

const testFiles = (folder: string): string[] => filesIn(`${folder}/test`, '.test.ts');

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

const jest = (folder: string): Check => ({
  name: `jest ${folder}`,
  run: async () => {
    if (testFiles(folder).length === 0) return { ...pass('no tests'), passed: 0 };
    const file = join(TEMP, `${folder.replace('/', '-')}.json`);
    const args = [
      JEST,
      `--config=${relative(join(ROOT, folder), join(ROOT, 'jest.config.mjs'))}`,
      '--rootDir=.',
      '--ci',
      '--colors=false',
      '--json',
      `--outputFile=${file}`,
      `--cacheDirectory=${join(ROOT, '.tools', 'jest')}`, // jest's own default is shared by all clones of a machine
    ];
    const [place, timeoutMs] = folder === SIMULATOR ? [behind, SIMULATOR_MS] : [at, TIMEOUT_MS];
    const options = place(folder, timeoutMs, { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' });
    const r = await runCommand(process.execPath, args, options);
    return countJest(readJson<JestReport>(file), r);
  },
});

/** Milliseconds of each check in the last run. */
const readTimes = (): Record<string, number> => readJson<Record<string, number>>(TIMES) ?? {};
export const saveTimes = (times: Readonly<Record<string, number>>): void =>
  writeFileSync(TIMES, JSON.stringify({ ...readTimes(), ...times }));

/** Everything but the end-to-end tests: the simulator, then the slowest first, so that none of them is started last. */
export function unitTests(): Check[] {
  const times = readTimes();
  const guess = (folder: string): number => testFiles(folder).reduce((n, f) => n + statSync(join(ROOT, f)).size, 0) / 2;
  return ['scripts', ...packages().filter((p) => p !== END_TO_END)]
    .map((folder) => ({ check: jest(folder), ms: folder === SIMULATOR ? Infinity : (times[`jest ${folder}`] ?? guess(folder)) }))
    .sort((a, b) => b.ms - a.ms)
    .map((t) => t.check);
}

/** Real processes of a whole network, one after the other; beside them runs, but for a minute, what gives way. */
export const endToEndTests = (): Check[] => (existsSync(join(ROOT, END_TO_END)) ? [jest(END_TO_END)] : []);
