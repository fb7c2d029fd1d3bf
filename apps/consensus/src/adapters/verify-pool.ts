/** Worker threads that check signatures, so that the main loop never does (docs/architecture.md). A crashed worker is replaced and its jobs are done again. */
import { Worker } from 'node:worker_threads';
import type { Digest, Hex32 } from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import type { BatchVerdict, Verdict } from '../core/verify-job.ts';

interface TransactionsJob {
  readonly job: number;
  readonly kind: 'transactions';
  readonly transactions: readonly Uint8Array[];
}
interface BatchJob {
  readonly job: number;
  readonly kind: 'batch';
  readonly batch: Uint8Array;
  readonly origin: { readonly publicKey: Uint8Array; readonly signature: Uint8Array } | undefined;
}
export type Job = TransactionsJob | BatchJob;
export type Answer =
  | { readonly job: number; readonly kind: 'transactions'; readonly verdicts: readonly Verdict[] }
  | { readonly job: number; readonly kind: 'batch'; readonly verdict: BatchVerdict };

/** What a worker is started with: the chain, and the public keys of its validators, by index. */
export interface WorkerData {
  readonly chain: Digest;
  readonly validators: readonly Hex32[];
}
export interface VerifyPoolOptions extends WorkerData {
  readonly workers?: number;
  /** Bytes that may wait or be at work; beyond them QueueFull. */
  readonly maxBytes?: number;
  /** How often a job is tried on a fresh worker before it is given up. */
  readonly attempts?: number;
  /** The only place that knows where the worker's program is; a bundle gives its own. */
  readonly program?: URL;
  readonly onCrash?: (error: unknown) => void;
}
interface Task {
  readonly job: Job;
  readonly bytes: number;
  attempts: number;
  done(answer: Answer): void;
  fail(error: unknown): void;
}
interface Seat {
  /** Undefined: the one before has just died young, and the next waits a moment. */
  worker: Worker | undefined;
  /** Given to the worker, in order. */
  readonly tasks: Task[];
}

/** Jobs given to one worker at a time: enough to keep it busy while the answer travels. */
const AHEAD = 2;
/** A worker that dies sooner is replaced after a pause: what ended it would end the next as fast (no threads, a broken program). */
const YOUNG_MS = 1_000;
const PAUSE_MS = 500;
/** Bytes of batches to one of transactions, where both wait: three of four transactions come in batches where there are four validators. */
const BATCH_SHARE = 4;
/** Most single transactions that travel in one message. */
const GROUP = 256;

export class VerifyPool {
  readonly #options: Required<VerifyPoolOptions>;
  readonly #seats: Seat[] = [];
  readonly #waiting: Task[] = [];
  /** Bytes of batches given to workers beyond `BATCH_SHARE` times those of transactions, while both waited. */
  #ahead = 0;
  #bytes = 0;
  #nextJob = 1;
  #closed = false;
  #group: { transaction: Uint8Array; done: (v: Verdict) => void; fail: (e: unknown) => void }[] = [];

  constructor(options: VerifyPoolOptions) {
    const program = new URL('../worker-verify.ts', import.meta.url);
    this.#options = { workers: 2, maxBytes: 64 * 1024 * 1024, attempts: 3, program, onCrash: () => {}, ...options };
    for (let i = 0; i < this.#options.workers; i++) this.#seats.push(this.#seat());
  }
  /** Threads that run now; a test ends one. */
  get threads(): readonly Worker[] {
    return this.#seats.flatMap((s) => s.worker ?? []);
  }

  /** One answer per canonical signed transaction, in order. @throws QueueFull, InsufficientResources */
  async transactions(transactions: readonly Uint8Array[]): Promise<readonly Verdict[]> {
    const bytes = transactions.reduce((sum, t) => sum + t.length, 0);
    const answer = await this.#run({ job: this.#nextJob++, kind: 'transactions', transactions }, bytes);
    return answer.kind === 'transactions' ? answer.verdicts : [];
  }

  /** As `transactions` for one; those of one turn of the event loop travel together. */
  transaction(transaction: Uint8Array): Promise<Verdict> {
    return new Promise((done, fail) => {
      if (this.#group.length === 0) setImmediate(() => this.#sendGroup());
      this.#group.push({ transaction, done, fail });
      if (this.#group.length >= GROUP) this.#sendGroup();
    });
  }

  async batch(batch: Uint8Array, origin: BatchJob['origin']): Promise<BatchVerdict> {
    const answer = await this.#run({ job: this.#nextJob++, kind: 'batch', batch, origin }, batch.length);
    if (answer.kind !== 'batch') throw new Error('the answer is not of the kind that was asked for');
    return answer.verdict;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = rejection('InsufficientResources', 'the service is stopping');
    for (const seat of this.#seats) for (const task of seat.tasks.splice(0)) this.#settle(task, () => task.fail(gone));
    for (const task of this.#waiting.splice(0)) this.#settle(task, () => task.fail(gone));
    await Promise.all(this.threads.map((worker) => worker.terminate()));
  }

  #sendGroup(): void {
    const group = this.#group;
    this.#group = [];
    if (group.length === 0) return;
    this.transactions(group.map((g) => g.transaction)).then(
      (verdicts) => {
        for (const [i, g] of group.entries()) g.done(verdicts[i] as Verdict);
      },
      (error: unknown) => {
        for (const g of group) g.fail(error);
      },
    );
  }

  #run(job: Job, bytes: number): Promise<Answer> {
    return new Promise((done, fail) => {
      if (this.#closed) return fail(rejection('InsufficientResources', 'the service is stopping'));
      const most = job.kind === 'transactions' ? this.#options.maxBytes / 2 : this.#options.maxBytes; // clients leave room for batches
      if (this.#bytes + bytes > most && this.#bytes > 0)
        return fail(rejection('QueueFull', `${this.#bytes} bytes wait for their signatures to be checked`, { retryAfterMs: 100 }));
      this.#bytes += bytes;
      this.#waiting.push({ job, bytes, attempts: 0, done, fail });
      this.#feed();
    });
  }

  #feed(): void {
    for (const seat of [...this.#seats].sort((a, b) => a.tasks.length - b.tasks.length)) {
      const { worker } = seat;
      while (worker && seat.tasks.length < AHEAD && this.#waiting.length > 0) this.#give(seat, worker, this.#next());
    }
  }
  /**
   * Batches of others before what clients bring, or an overload of ours would hold up the blocks of all (C6: low priority waits); of five
   * bytes one is the clients' all the same, so that neither stands still.
   */
  #next(): Task {
    const wanted = this.#ahead > 0 ? 'transactions' : 'batch';
    const at = this.#waiting.findIndex((t) => t.job.kind === wanted);
    const [task] = this.#waiting.splice(Math.max(0, at), 1) as [Task];
    // Where only one kind waits, nothing is owed to the other.
    if (at < 0) this.#ahead = 0;
    else this.#ahead += task.job.kind === 'batch' ? task.bytes : -BATCH_SHARE * task.bytes;
    return task;
  }
  #give(seat: Seat, worker: Worker, task: Task): void {
    task.attempts++;
    seat.tasks.push(task);
    worker.postMessage(task.job); // copied, not transferred: a crash must be able to send it again
  }

  #seat(): Seat {
    const seat: Seat = { worker: undefined, tasks: [] };
    this.#fill(seat);
    return seat;
  }
  #fill(seat: Seat): void {
    if (this.#closed) return;
    const { chain, validators } = this.#options;
    const workerData: WorkerData = { chain, validators };
    const worker = new Worker(this.#options.program, { workerData, stdin: false });
    worker.unref();
    seat.worker = worker;
    const bornMs = performance.now();
    worker.on('message', (answer: Answer) => {
      const at = seat.tasks.findIndex((t) => t.job.job === answer.job);
      if (at < 0) return;
      const [task] = seat.tasks.splice(at, 1) as [Task];
      this.#settle(task, () => task.done(answer));
      this.#feed();
    });
    let gone = false;
    const replace = (error: unknown) => {
      if (gone || this.#closed) return;
      gone = true;
      this.#options.onCrash(error);
      const again = seat.tasks.splice(0);
      seat.worker = undefined;
      if (performance.now() - bornMs >= YOUNG_MS) this.#fill(seat);
      else
        setTimeout(() => {
          this.#fill(seat);
          this.#feed();
        }, PAUSE_MS).unref();
      for (const task of again.reverse()) {
        if (task.attempts < this.#options.attempts) this.#waiting.unshift(task);
        else
          this.#settle(task, () =>
            task.fail(rejection('InsufficientResources', 'signatures cannot be checked now', { retryAfterMs: 1_000 })),
          );
      }
      this.#feed();
    };
    worker.on('error', replace);
    worker.on('exit', (code) => replace(new Error(`a verifying worker ended with code ${code}`)));
  }
  #settle(task: Task, settle: () => void): void {
    this.#bytes -= task.bytes;
    settle();
  }
}
