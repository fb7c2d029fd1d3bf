/** One process of a local network, from its start to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { processIdentity } from './process-identity.ts';

export interface StartOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly log: string;
  /** True: standard input is a pipe that ends with us. */
  readonly pipe: boolean;
}
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly started: string;
  readonly log: string;
  /** Undefined while it runs. */
  exit(): { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<void>;
}

/** Every process of ours leads a group of its own; the shell that watches over NATS has the server in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it ended between the look and the signal
  }
}

/** In a session of its own: Ctrl-C reaches the program alone, which then stops its processes in order. */
export function startChild({ name, file, args, env, cwd, log, pipe }: StartOptions): Promise<Child> {
  const out = openSync(log, 'a', 0o600);
  const child: ChildProcess = spawn(file, args, { env, cwd, detached: true, stdio: [pipe ? 'pipe' : 'ignore', out, out] });
  closeSync(out);
  let exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      resolve();
    });
  });
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      const kill = (signal: NodeJS.Signals): void => {
        if (exit === undefined) signalGroup(pid, signal);
      };
      resolve({ name, pid, started: processIdentity(pid) ?? '', log, exit: () => exit, kill, ended });
    });
  });
}
