/**
 * A thread of its own for the signatures of votes, so that they wait behind no batch and no client. It starts with the first job: a small
 * set hardly needs it. While it is starting, or late, jobs are done in place: a machine that has no time for a thread has none for a
 * second one, and votes must not wait for either.
 */
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { verify } from '@bursar/crypto';
import { rejection } from '@bursar/shared-core';
import { packSignatures } from '../core/signature-job.ts';
import type { SignaturePort } from '../ports.ts';

export interface SignatureWorkerOptions {
  /** Time that a job has. */
  readonly timeoutMs: number;
  readonly onCrash: (error: unknown) => void;
  /** The only place that knows where the worker's program is; a bundle gives its own. */
  readonly program?: URL;
}
type Groups = Parameters<SignaturePort['verify']>[0];

/** Signatures that are verified in place in one turn of the event loop: four milliseconds. */
const AT_A_TIME = 64;
/** A thread that is as many times its deadline late is replaced. */
const HUNG = 30;

export class SignatureWorker implements SignaturePort {
  readonly #options: SignatureWorkerOptions;
  #worker: Worker | undefined;
  /** It runs and waits for a job. */
  #isFree = false;
  #job: PromiseWithResolvers<Uint8Array> | undefined;
  /** Ends a thread that does not come back. */
  #hung: NodeJS.Timeout | undefined;
  #up = Promise.withResolvers<void>();
  #closed = false;

  constructor(options: SignatureWorkerOptions) {
    this.#options = options;
  }

  /** @throws SignatureVerificationTimeout, InsufficientResources */
  async verify(groups: Groups): Promise<readonly boolean[]> {
    if (this.#closed) throw rejection('InsufficientResources', 'the service is stopping');
    const worker = this.#worker;
    if (!worker) void this.start();
    if (!worker || !this.#isFree) return inPlace(groups);
    this.#isFree = false;
    const answer = Promise.withResolvers<Uint8Array>();
    this.#job = answer;
    const { timeoutMs } = this.#options;
    const timer = setTimeout(
      () => answer.reject(rejection('SignatureVerificationTimeout', `no verdict within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#hung = setTimeout(() => this.#lose(worker, new Error('the verifying thread hangs')), timeoutMs * HUNG);
    const job = packSignatures(groups);
    worker.postMessage(job, [job.buffer]);
    const verdicts = await answer.promise.finally(() => clearTimeout(timer));
    return Array.from(verdicts, (v) => v === 1);
  }

  /** Resolves when the thread waits for jobs. */
  async start(): Promise<void> {
    this.#worker ??= this.#spawn();
    await this.#up.promise;
  }
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker) this.#lose(worker, rejection('InsufficientResources', 'the service is stopping'));
    await worker?.terminate();
  }

  #spawn(): Worker {
    const worker = new Worker(this.#options.program ?? new URL('../worker-signatures.ts', import.meta.url), { stdin: false });
    worker.unref();
    // The first message says that it is up, each later one answers a job.
    worker.on('message', (verdicts: Uint8Array) => {
      this.#isFree = true;
      clearTimeout(this.#hung);
      this.#job?.resolve(verdicts);
      this.#up.resolve();
    });
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', (code) => this.#lose(worker, new Error(`the verifying thread ended with code ${code}`)));
    return worker;
  }

  #lose(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#isFree = false;
    clearTimeout(this.#hung);
    this.#job?.reject(error);
    this.#up.resolve();
    this.#up = Promise.withResolvers();
    void worker.terminate();
    if (!this.#closed) this.#options.onCrash(error);
  }
}

/** Without a thread; everything else has its turn in between. */
async function inPlace(groups: Groups): Promise<boolean[]> {
  const verdicts: boolean[] = [];
  let checked = 0;
  for (const group of groups) {
    if (checked >= AT_A_TIME) {
      await setImmediate();
      checked = 0;
    }
    verdicts.push(group.every((s) => verify(s.publicKey, s.message, s.signature)));
    checked += group.length;
  }
  return verdicts;
}
