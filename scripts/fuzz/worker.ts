/** Feeds targets, one job at a time. The main thread watches `progress` and ends this one when it stands still. */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { episodeOf, inputAt } from './input.ts';
import type { Answer, Broken, Job, WorkerStart } from './job.ts';
import type { Take, Target } from './target.ts';

const MIB = 2 ** 20;
/** Above the start, garbage included; and after a collection, when a job is over. */
const MOST_GROWTH = 384 * MIB;
const MOST_KEPT = 48 * MIB;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const inUse = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const { module, progress } = workerData as WorkerStart;
const { targets } = (await import(module)) as { targets: readonly Target[] };
const port = parentPort;

async function run({ target: name, inputs, sampleEvery }: Job): Promise<Answer> {
  const target = targets.find((t) => t.name === name);
  if (target === undefined) throw new RangeError(`there is no target ${name}`);
  // A refusal is an error with a stack, and the stack is most of its cost: only what is repeated by its bytes needs one.
  Error.stackTraceLimit = 'seed' in inputs ? 0 : 20;
  const [from, to] = 'seed' in inputs ? [inputs.from, inputs.to] : [0, inputs.length];
  let accepted = 0;
  let growth = 0;
  let slowestMs = 0;
  let index = from;
  let take: Take = target.open();
  collect();
  const start = inUse();
  const answer = (broken?: Pick<Broken, 'breach' | 'what'>): Answer => ({
    counts: { accepted, refused: index - from - accepted, growth, slowestMs },
    broken: broken && { ...broken, index },
  });
  for (; index < to; index++) {
    const input = 'seed' in inputs ? inputAt(target, inputs.seed, index) : (inputs[index] as Uint8Array);
    if ('seed' in inputs && index > from && episodeOf(target, index) === index) take = target.open();
    Atomics.store(progress, 0, index);
    const began = performance.now();
    try {
      const taken = take(input);
      if (taken === true || (taken !== false && (await taken))) accepted++;
    } catch (e) {
      return answer({ breach: 'threw', what: e instanceof Error ? (e.stack ?? e.message) : String(e) });
    }
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (index % sampleEvery > 0) continue;
    await turn(); // rejections that nobody handles are told between turns
    growth = Math.max(growth, inUse() - start);
    if (growth > MOST_GROWTH) return answer({ breach: 'memory', what: `${Math.round(growth / MIB)} MiB above the start` });
  }
  collect();
  const kept = inUse() - start;
  return kept > MOST_KEPT ? answer({ breach: 'memory', what: `${Math.round(kept / MIB)} MiB are kept at the end` }) : answer();
}

port?.on('message', async (job: Job) => port.postMessage(await run(job)));
port?.postMessage('ready');
