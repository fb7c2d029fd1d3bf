/** Cores that are busy with something else (C14: cpu_overload). */
import { type ChildProcess, spawn } from 'node:child_process';
import { during, type Running, type Window } from './window.ts';

/** `cores` processes that compute within the window; each ends by itself even when nobody stops it. */
export function burnCpu(cores: number, window: Window): Running {
  const lastMs = window.endMs - window.startMs;
  let burners: ChildProcess[] = [];
  const begin = () => {
    const program = `for (const end = Date.now() + ${lastMs}; Date.now() < end; );`;
    burners = Array.from({ length: cores }, () => spawn(process.execPath, ['-e', program], { stdio: 'ignore' }));
  };
  return during(window, begin, () => {
    for (const b of burners) b.kill('SIGKILL');
  });
}
