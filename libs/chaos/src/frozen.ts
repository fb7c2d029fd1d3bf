/** A process that stands still, neither dead nor alive (C14: signature_failure, when it is crypto-signing). */
import { during, type Running, type Window } from './window.ts';

/** SIGSTOP at the start of the window, SIGCONT at its end and also after `stop`. A process that is gone by then is left alone. */
export function freeze(pid: number, window: Window): Running {
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => () => {
    try {
      process.kill(pid, name);
    } catch {
      // gone
    }
  };
  return during(window, signal('SIGSTOP'), signal('SIGCONT'));
}
