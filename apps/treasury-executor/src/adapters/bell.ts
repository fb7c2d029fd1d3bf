/** Rings for all who wait; whoever begins to wait after a ring waits for the next one. */
export class Bell {
  readonly #waiting = new Set<() => void>();
  /** Rings so far: whoever noted it before looking misses none. */
  rings = 0;

  ring(): void {
    this.rings += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Resolves at the next ring, after `ms`, or with the signal.
   * @param since resolves at once when it has rung more often than this
   */
  async next(ms: number, signal: AbortSignal, since = this.rings): Promise<void> {
    if (signal.aborted || this.rings > since) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
