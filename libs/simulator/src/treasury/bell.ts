/** What wakes a simulated executor: blocks, and virtual time. */
import type { Wakes } from '@bursar/executor';

export class SimulatedBell implements Wakes {
  readonly #after: (ms: number, run: () => void) => void;
  readonly #waiting = new Set<() => void>();
  rings = 0;

  /** @param after runs it while the process lives and is not stopped */
  constructor(after: (ms: number, run: () => void) => void) {
    this.#after = after;
  }
  ring(): void {
    this.rings += 1;
    for (const wake of [...this.#waiting]) wake();
  }
  async next(ms: number, signal: AbortSignal, since = this.rings): Promise<void> {
    if (signal.aborted || this.rings > since) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      this.#after(ms, wake);
    });
  }
}
