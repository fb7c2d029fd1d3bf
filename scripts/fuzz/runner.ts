/** Runs jobs in a worker thread that can be ended: a hang or a full heap costs one worker, and is reported with its input. */
import { Worker } from 'node:worker_threads';
import type { Answer, Breach, Job, WorkerStart } from './job.ts';

export interface RunnerOptions {
  /** File that exports `targets`. */
  readonly module: string;
  /** For one input, on the processor, which a busy machine does not stretch: beyond it the input hangs. */
  readonly deadlineMs: number;
  /** For one input, by the clock: whoever waits for nothing uses no processor. */
  readonly patienceMs: number;
  /** Heap of the worker. */
  readonly heapMib: number;
}
/** Loading the targets takes a moment, on a busy machine a long one. */
const START_MS = 60_000;
const LOOK_MS = 50;
/** Of all threads but this one, milliseconds: one worker is at work. */
function workerCpu(): number {
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  return (all.user + all.system - own.user - own.system) / 1_000;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  /** What the worker says next goes here. */
  #answer: (message: Answer) => void = () => {};
  #lose: (breach: Breach, what: string) => void = () => {};

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** @param onProgress called now and then with the number of the input at work */
  async run(job: Job, onProgress: (index: number) => void = () => {}): Promise<Answer> {
    const { deadlineMs, patienceMs } = this.#options;
    const worker = this.#worker ?? (await this.#start());
    const first = 'seed' in job.inputs ? job.inputs.from : 0;
    Atomics.store(this.#progress, 0, first);
    let seen = first;
    let seenAt = performance.now();
    let seenCpu = workerCpu();
    const answered = new Promise<Answer>((resolve) => {
      this.#answer = resolve;
      this.#lose = (breach, what) => {
        const index = Atomics.load(this.#progress, 0);
        const counts = { accepted: 0, refused: index - first, growth: 0, slowestMs: performance.now() - seenAt };
        resolve({ counts, broken: { breach, index, what } });
      };
    });
    const watch = setInterval(() => {
      const at = Atomics.load(this.#progress, 0);
      onProgress(at);
      if (at !== seen) {
        seen = at;
        seenAt = performance.now();
        seenCpu = workerCpu();
      } else if (workerCpu() - seenCpu > deadlineMs || performance.now() - seenAt > patienceMs)
        this.#lose('hung', `no answer after ${Math.round(performance.now() - seenAt)} ms`);
    }, LOOK_MS);
    worker.postMessage(job);
    const answer = await answered;
    clearInterval(watch);
    // A rule that an input broke by throwing leaves nothing behind: each job begins with a fresh target.
    if (answer.broken && answer.broken.breach !== 'threw') await this.close();
    return answer;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Promise<Worker> {
    const { module, heapMib } = this.#options;
    const start: WorkerStart = { module, progress: this.#progress };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: heapMib },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the worker does not start')), START_MS);
      worker.on('message', (message: Answer | 'ready') => {
        if (message !== 'ready') return this.#answer(message);
        clearTimeout(timer);
        resolve(worker);
      });
      worker.on('error', (e: Error & { code?: string }) => {
        reject(e);
        this.#lose(e.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'died', e.stack ?? e.message);
      });
      worker.on('exit', (code) => this.#lose('died', `exit code ${code}`));
    });
  }
}
