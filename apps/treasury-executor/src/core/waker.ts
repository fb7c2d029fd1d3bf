/** Wakes one sleeper; a wake that comes while nobody sleeps is kept, several count once. */
export class Waker {
  #wanted = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#wanted = true;
    this.#resolve?.();
  }

  /** Resolves at the next wake, after `ms`, or with the signal. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#wanted && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#resolve, { once: true });
      });
      if (this.#resolve) signal.removeEventListener('abort', this.#resolve);
      this.#resolve = undefined;
    }
    this.#wanted = false;
  }
}
