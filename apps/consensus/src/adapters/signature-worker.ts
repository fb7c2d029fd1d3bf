/**
 * A thread of its own for the signatures of votes, so that they wait behind no batch and no client. It starts with the first job: a small
 * set never needs it. A job that does not come back in time ends the thread; its messages are refused and sent again by their senders.
 */
import { Worker } from 'node:worker_threads';
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

export class SignatureWorker implements SignaturePort {
  readonly #options: SignatureWorkerOptions;
  #worker: Worker | undefined;
  #job: PromiseWithResolvers<Uint8Array> | undefined;
  #closed = false;

  constructor(options: SignatureWorkerOptions) {
    this.#options = options;
  }

  /** One job at a time: the caller waits for the answer. @throws SignatureVerificationTimeout, InsufficientResources */
  async verify(groups: Parameters<SignaturePort['verify']>[0]): Promise<readonly boolean[]> {
    if (this.#closed) throw rejection('InsufficientResources', 'the service is stopping');
    const worker = this.#started();
    const answer = Promise.withResolvers<Uint8Array>();
    this.#job = answer;
    const { timeoutMs } = this.#options;
    const late = () => this.#lose(worker, rejection('SignatureVerificationTimeout', `no verdict came within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    const job = packSignatures(groups);
    worker.postMessage(job, [job.buffer]);
    const verdicts = await answer.promise.finally(() => clearTimeout(timer));
    return Array.from(verdicts, (v) => v === 1);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker) this.#lose(worker, rejection('InsufficientResources', 'the service is stopping'));
    await worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#options.program ?? new URL('../worker-signatures.ts', import.meta.url), { stdin: false });
    worker.unref();
    worker.on('message', (verdicts: Uint8Array) => this.#job?.resolve(verdicts));
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', (code) => this.#lose(worker, new Error(`the verifying thread ended with code ${code}`)));
    this.#worker = worker;
    return worker;
  }

  #lose(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#job?.reject(error);
    void worker.terminate();
    if (!this.#closed) this.#options.onCrash(error);
  }
}
