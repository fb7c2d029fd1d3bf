/** CPU time of processes, from /proc: user and system, all threads. */
import { readFileSync } from 'node:fs';

const TICK_US = 10_000; // USER_HZ is 100 on Linux

/** Microseconds of CPU so far, with its children that run (NATS runs below a shell that ends with this program); 0 when it is gone. */
export function cpuUs(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const below = pid === process.pid ? 0 : children.reduce((sum, child) => sum + cpuUs(Number(child)), 0);
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

/** Resident memory of one process, bytes; 0 when it is gone. `peak`: the most that it ever was. */
export function rssOf(pid: number, peak = false): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${peak ? 'VmHWM' : 'VmRSS'}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
