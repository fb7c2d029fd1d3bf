/** Runs one program of a check: bounded output, a deadline, and nothing left running afterwards. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const MAX_OUTPUT = 400_000;
const GRACE_MS = 3_000;
/**
 * A tenth of the weight of others, not the lowest, which starves on a busy machine. Also against other sessions, where the kernel weighs
 * sessions before it weighs processes (autogroup).
 */
const BEHIND = ['sh', '-c', '{ echo 10 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 10 "$@"', 'sh'];

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** How long what it started may take to end after it. */
  readonly graceMs?: number;
  /** Takes little of the processor from whatever else wants it. */
  readonly behind?: boolean;
}

export interface CommandResult {
  /** Exit code 0, in time, and no process left behind. */
  readonly ok: boolean;
  /** The last 400,000 characters of both streams. */
  readonly output: string;
}

/** Leaders of the process groups that run now: a check's programs and whatever they start form one group. */
const groups = new Set<number>();

/** Living processes of a group, as `PID name`. A zombie is not alive: its parent, perhaps a lazy init, has yet to ask for it. */
function members(group: number): string[] {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((p) => /^\d+$/.test(p));
  } catch {
    return []; // no /proc on this system
  }
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(pgrp) === group && state !== 'Z' ? [stat.slice(0, stat.lastIndexOf(')') + 1)] : [];
    } catch {
      return [];
    }
  });
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // all gone
  }
}

/** Ends everything that is under way. */
export function killAll(): void {
  for (const g of groups) killGroup(g);
}

async function leftovers(group: number, graceMs: number): Promise<string[]> {
  const deadline = Date.now() + graceMs;
  let alive = members(group);
  while (alive.length > 0 && Date.now() < deadline) {
    await sleep(50);
    alive = members(group);
  }
  return alive;
}

export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, env, timeoutMs, graceMs = GRACE_MS, behind = false }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((done) => {
    let output = '';
    const problems: string[] = [];
    const [file = program, ...rest] = [...(behind ? BEHIND : []), program, ...args];
    const child = spawn(file, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    const keep = (b: Buffer): void => {
      output = (output + b.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      problems.push(`not finished after ${timeoutMs / 1000} s: stopped`);
      if (group !== undefined) killGroup(group);
    }, timeoutMs);
    child.once('error', (e) => {
      clearTimeout(timer);
      done({ ok: false, output: `cannot run ${program}: ${e.message}` });
    });
    // A leftover holds our pipes open, so `close` would not come before it is gone.
    const gone = new Promise<void>((ok) => {
      child.once('exit', async (code, signal) => {
        clearTimeout(timer);
        if (signal !== null) problems.push(`ended by ${signal}`);
        else if (code !== 0) problems.push(`exit code ${code}`);
        const alive = group === undefined ? [] : await leftovers(group, graceMs);
        if (alive.length > 0) problems.push(`left running: ${alive.join(', ')}`);
        if (group !== undefined) killGroup(group);
        ok();
      });
    });
    child.once('close', async () => {
      await gone;
      if (group !== undefined) groups.delete(group);
      done({ ok: problems.length === 0, output: [output.trimEnd(), ...problems].filter((s) => s !== '').join('\n') });
    });
  });
}
