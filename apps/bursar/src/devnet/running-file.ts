/** running.json: which processes of a network were started, for a later `down` or `status` of another program run. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from './child.ts';
import type { Layout } from './layout.ts';
import { type RunningProcess, writeWhole } from './network-file.ts';
import { isSameProcess } from './process-identity.ts';

const path = (at: Layout): string => join(at.dir, 'running.json');

export const writeRunning = (at: Layout, processes: readonly RunningProcess[]): void =>
  writeWhole(path(at), `${JSON.stringify(processes, null, 2)}\n`);

/** Those of the list that still run; what a crash left behind is not among them. */
export function runningProcesses(at: Layout): RunningProcess[] {
  if (!existsSync(path(at))) return [];
  try {
    const all = JSON.parse(readFileSync(path(at), 'utf8')) as RunningProcess[];
    return all.filter((p) => isSameProcess(p.pid, p.started));
  } catch {
    return [];
  }
}

/** SIGTERM to all, SIGKILL to those that are still there after `graceMs`; the server that carries their messages goes last. */
export async function stopRunning(at: Layout, last: string, graceMs: number): Promise<number> {
  const all = runningProcesses(at);
  await stopProcesses(
    all.filter((p) => p.name !== last),
    graceMs,
  );
  await stopProcesses(
    all.filter((p) => p.name === last),
    graceMs,
  );
  rmSync(path(at), { force: true });
  return all.length;
}

async function stopProcesses(processes: readonly RunningProcess[], graceMs: number): Promise<void> {
  const signalAll = (signal: NodeJS.Signals) => {
    for (const p of processes) if (isSameProcess(p.pid, p.started)) signalGroup(p.pid, signal);
  };
  const allGone = () => processes.every((p) => !isSameProcess(p.pid, p.started));
  signalAll('SIGTERM');
  for (const end = Date.now() + graceMs; !allGone() && Date.now() < end; ) await sleep(20);
  signalAll('SIGKILL');
  for (const end = Date.now() + 2_000; !allGone() && Date.now() < end; ) await sleep(10);
}
