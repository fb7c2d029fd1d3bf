/**
 * One append-only log on a disk that keeps only what was fsynced. Between two syncs a crash leaves an arbitrary prefix of
 * the pending records and perhaps the first bytes of the next one, as a power cut does.
 */
import type { Random } from './random.ts';

export interface DiskPort {
  readonly random: Random;
  /** Runs `run` after `delay` milliseconds unless the process has crashed meanwhile. */
  after(delay: number, run: () => void): void;
  /** How long the next fsync takes, milliseconds. */
  syncMs(): number;
  /** These records are durable from now on. */
  durable(records: readonly Uint8Array[]): void;
}

/** What a dead process leaves of the records that were not synced: nothing, all, half and a torn one, or whatever chance decides. */
export const tails = ['lost', 'written', 'torn'] as const;
export type Tail = (typeof tails)[number] | 'any';

export interface Losses {
  records: number;
  torn: number;
}

export class Disk {
  #kept: Uint8Array[] = [];
  #pending: Uint8Array[] = [];
  #torn: Uint8Array | undefined;
  readonly #port: DiskPort;

  constructor(port: DiskPort) {
    this.#port = port;
  }
  /** Records held. */
  get size(): number {
    return this.#kept.length + this.#pending.length;
  }
  /** All records, synced or not. */
  get all(): readonly Uint8Array[] {
    return [...this.#kept, ...this.#pending];
  }
  append(record: Uint8Array): void {
    this.#pending.push(record);
  }
  sync(done: () => void): void {
    const last = this.#pending[this.#pending.length - 1];
    this.#port.after(this.#port.syncMs(), () => {
      if (last !== undefined) this.#flush(this.#pending.lastIndexOf(last) + 1); // 0 after a compaction: it was synced with it
      done();
    });
  }
  #flush(count: number): void {
    if (count === 0) return;
    const records = this.#pending.splice(0, count);
    this.#kept.push(...records);
    this.#port.durable(records);
  }
  /**
   * Replaces everything appended so far by `records`, in one step (a new file, fsynced, renamed over the old one). Those that stay come
   * first and in their order, then what is new; else some are told to be durable a second time.
   */
  compact(records: readonly Uint8Array[]): void {
    const before = this.#kept;
    this.#kept = [...records];
    this.#pending = [];
    let stays = 0;
    for (let at = 0; at < before.length && stays < records.length; at++) if (before[at] === records[stays]) stays++;
    this.#port.durable(records.slice(stays));
  }
  /** The process dies: what was not fsynced is gone, but for what the disk happened to write. */
  crash(tail: Tail): Losses {
    const random = this.#port.random;
    const pending = this.#pending;
    this.#pending = [];
    const half = Math.floor(pending.length / 2);
    const any = tail === 'any' && random.chance(0.5) ? random.below(pending.length + 1) : 0;
    const survived = { lost: 0, written: pending.length, torn: half, any }[tail];
    if (survived > 0) {
      const records = pending.slice(0, survived);
      this.#kept.push(...records);
      this.#port.durable(records);
    }
    const next = pending[survived];
    const isTorn = tail === 'torn' || (tail === 'any' && random.chance(0.5));
    this.#torn = next !== undefined && isTorn ? next.subarray(0, random.below(next.length)) : undefined;
    return { records: pending.length - survived, torn: this.#torn === undefined ? 0 : 1 };
  }
  /** Nothing is left. */
  wipe(): void {
    this.#kept = [];
    this.#pending = [];
    this.#torn = undefined;
  }
  /** What the next process reads: a torn tail fails its checksum and is cut off, so that appends follow a whole record. */
  read(): readonly Uint8Array[] {
    this.#torn = undefined;
    return this.#kept;
  }
}
