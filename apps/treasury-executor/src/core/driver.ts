/** Ticks the executor with each block and at least every `pollMs`, one tick at a time. */
import { isJournalFailure } from '../errors.ts';
import type { Bell } from './bell.ts';
import type { Executor } from './executor.ts';

export interface DriverOptions {
  readonly executor: Executor;
  readonly bell: Bell;
  readonly pollMs: number;
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

  /** Plans nothing more, resolves what it can, gives the lease back; takes little more than `ms`. */
  async drain(ms: number): Promise<void> {
    const { executor, bell } = this.#o;
    const late = AbortSignal.timeout(ms);
    executor.setPlanning(false);
    while (executor.open > 0 && !late.aborted) {
      const heard = bell.rings;
      await this.#tick();
      if (executor.open > 0) await bell.next(ms / 4, late, heard);
    }
    // With batches open it would fence them, and they are resolved sooner by a restart than by a new plan.
    if (executor.open === 0) await this.#alone(() => executor.release()).catch((e) => executor.noteError(e));
  }

  async #tick(): Promise<void> {
    const { executor, onTick, onFatal } = this.#o;
    try {
      await this.#alone(() => executor.tick());
      onTick(undefined);
    } catch (error) {
      if (isJournalFailure(error)) onFatal(error);
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
