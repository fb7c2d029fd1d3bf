/** A pause that a hint cuts short. */

/** At most so long between two tries. */
const CAP_MS = 2_000;
const BASE_MS = 50;

export class Hint {
  #wake: (() => void) | undefined;

  /** Whether a pause is under way: otherwise a hint is not worth a look. */
  get isAwaited(): boolean {
    return this.#wake !== undefined;
  }

  /** Ends the pause that is under way, if any. */
  give(): void {
    this.#wake?.();
  }

  /** Resolves after a time that doubles with each failure in a row, at a hint, or when `signal` aborts. */
  pause(failures: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 10)));
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}
