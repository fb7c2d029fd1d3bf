import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { command, type Summary } from '../../src/index.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** The program itself, as `npm run sim` starts it: under jest's module loader the same work takes three times as long. */
export function sim<Out = Summary>(...args: readonly string[]): { readonly status: number | null; readonly out: Out } {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--json', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26, env });
  if (!stdout.startsWith('{') && !stdout.startsWith('[')) throw new Error(`exit code ${status}: ${stderr}`);
  return { status, out: JSON.parse(stdout) as Out };
}
/** The report of a failure is the command that repeats it. */
export const verdict = ({ failure }: Summary): string =>
  failure === undefined ? 'sound' : `${failure.violation?.message} Repeat with: ${command(failure)}`;
