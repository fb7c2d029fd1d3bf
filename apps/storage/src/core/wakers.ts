/** Those who wait for the next block: each open stream at most once. Bounded. */
import { rejection } from '@bursar/shared-core';

const MAX_WAITING = 1_024;

export class Wakers {
  readonly #waiting = new Set<() => void>();
  readonly #max: number;

  constructor(max = MAX_WAITING) {
    this.#max = max;
  }

  /** Resolves at the next `wake` or when `signal` aborts. @throws QueueFull */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.#waiting.size >= this.#max)
      throw rejection('QueueFull', `${this.#max} readers wait for the next block`, { retryAfterMs: 1_000 });
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
