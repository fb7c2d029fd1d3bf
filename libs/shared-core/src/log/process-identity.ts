/** Tells a process from a later one that got the same pid. */
import { readFileSync } from 'node:fs';

/** Boot and start time of a process on Linux (`/proc`); '' where there is none, undefined when no such process runs. */
export function processIdentity(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined; // EPERM: it runs, as somebody else
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name in parentheses may hold spaces
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined; // a zombie holds nothing
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
  } catch {
    return '';
  }
}
