/** The program as a user runs it: its public command, in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..', '..', '..');
const bin = join(root, 'apps', 'bursar', 'bin', 'bursar.mjs');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bursar …args`; never throws for an exit code. */
export function bursar(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [bin, ...args],
      { env: { ...inherited, ...env }, timeout: 170_000, maxBuffer: 16 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

export const json = ({ stdout }: Ran): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

/** A folder of its own; `remove` takes it away. */
export function scratch(name: string): { dir: string; path: (...parts: string[]) => string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), `bursar-${name}-`));
  return { dir, path: (...parts) => join(dir, ...parts), remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Command lines of the processes that have something to do with the folder. */
export function processesOf(dir: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n) && Number(n) !== process.pid)) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (line.includes(dir)) found.push(line);
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}
