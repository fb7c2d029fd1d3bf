/** CPU time of processes, from /proc: user and system, all threads. */
import { readFileSync } from 'node:fs';

const TICK_US = 10_000; // USER_HZ is 100 on Linux

/** What runs below it: NATS below a shell that ends with this program; nothing of this program itself. */
function sumOfChildren(pid: number, of: (child: number) => number): number {
  if (pid === process.pid) return 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + of(Number(child)), 0);
}

/** Microseconds of CPU so far, with its children that run; 0 when it is gone. */
export function cpuUs(pid: number): number {
  try {
    const below = sumOfChildren(pid, cpuUs);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return below + (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return 0;
  }
}

/** Sum of what each kind of process has used between two readings. */
export interface CpuMeter {
  /** Microseconds since the meter was made, by kind of process. */
  read(): ReadonlyMap<string, number>;
}

/** @param kinds pid → kind */
export function startMeter(kinds: ReadonlyMap<number, string>): CpuMeter {
  const before = new Map([...kinds.keys()].map((pid) => [pid, cpuUs(pid)]));
  return {
    read() {
      const used = new Map<string, number>();
      for (const [pid, kind] of kinds) used.set(kind, (used.get(kind) ?? 0) + cpuUs(pid) - (before.get(pid) ?? 0));
      return used;
    },
  };
}

/** Resident memory now, with its children that run, bytes; 0 when it is gone. */
export function rssOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return sumOfChildren(pid, rssOf) + Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
