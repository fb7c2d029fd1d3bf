/** Ticks the executor with each block and at least every `pollMs`, one tick at a time. */
import type { Executor } from './executor.ts';
import type { Explain } from './failure.ts';
import type { Wakes } from './ports.ts';

export interface DriverOptions {
  readonly executor: Executor;
  readonly bell: Wakes;
  readonly pollMs: number;
  readonly explain: Explain;
  /** After each tick, with what it threw. */
  readonly onTick: (error: unknown) => void;
  /** The journal cannot be written: the process must end. */
  readonly onFatal: (error: unknown) => void;
}

export class Driver {
  readonly #o: DriverOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DriverOptions) {
    this.#o = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { bell, pollMs } = this.#o;
    while (!signal.aborted) {
      const heard = bell.rings;
      await this.#tick();
      await bell.next(pollMs, signal, heard);
    }
  }

  /** @returns items that were planned. @throws what the tick threw */
  async redrive(): Promise<number> {
    return this.#alone(() => this.#o.executor.redrive());
  }

  /** Plans nothing more, resolves what it can until `late`, gives the lease back. Looks with each block and at least every `pollMs`. */
  async drain(late: AbortSignal, pollMs: number): Promise<void> {
    const { executor, bell } = this.#o;
    executor.setPlanning(false);
    while (executor.open > 0 && !late.aborted) {
      const heard = bell.rings;
      await this.#tick();
      if (executor.open > 0) await bell.next(pollMs, late, heard);
    }
    // With batches open it would fence them, and they are resolved sooner by a restart than by a new plan.
    if (executor.open === 0) await this.#alone(() => executor.release()).catch((e) => executor.noteError(e));
  }

  async #tick(): Promise<void> {
    const { executor, explain, onTick, onFatal } = this.#o;
    try {
      await this.#alone(() => executor.tick());
      onTick(undefined);
    } catch (error) {
      if (explain(error).journal) onFatal(error);
      executor.noteError(error);
      onTick(error);
    }
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => {});
    return result;
  }
}
