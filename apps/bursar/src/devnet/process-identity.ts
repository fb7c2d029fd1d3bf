/** Tells whether the process that was started still runs, and is not a later one under the same pid. */
import { readFileSync } from 'node:fs';

/** Something that differs between two processes of one pid (its start on Linux); undefined when none runs. */
export function processIdentity(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name in brackets may hold spaces
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
  } catch {
    return ''; // no /proc here: the pid has to do
  }
}

export const isSameProcess = (pid: number, identity: string): boolean => processIdentity(pid) === identity;
