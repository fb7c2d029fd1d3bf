/** Runs `bursar …args` in a process of its own, as anybody would. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DemoFailed } from './demo-failed.ts';

const LONGEST_MS = 30_000;

/** @returns what it printed. @throws DemoFailed with `failure` and what it said */
export async function separately(root: string, args: readonly string[], failure: string): Promise<string> {
  const program = join(root, 'apps', 'bursar', 'bin', 'bursar.mjs');
  try {
    return (await promisify(execFile)(process.execPath, [program, ...args], { timeout: LONGEST_MS })).stdout;
  } catch (e) {
    const { stderr = '', stdout = '' } = e as { stderr?: string; stdout?: string };
    throw new DemoFailed(`${failure}: ${stderr.trim() || stdout.trim() || (e as Error).message}`, 'validator-0-storage');
  }
}
