/** Seeds over several threads: they are independent, so spans of them are handed out in order. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Seeds {
  readonly first: number;
  readonly seeds: number;
}
/** What a worker is made with. */
export interface WorkerData {
  /** Name of the bug that is planted. */
  readonly mutant: string | undefined;
}
export interface SpreadOptions<Message extends Seeds, Sum> {
  /** Answers each message with a sum. */
  readonly worker: URL;
  readonly message: Message;
  readonly threads: number;
  readonly mutant: string | undefined;
  readonly empty: Sum;
  readonly merged: (a: Sum, b: Sum) => Sum;
  /** Something was found: nothing more is handed out. */
  readonly isOver: (sum: Sum) => boolean;
  /** Told the number of seeds that are done. */
  readonly done?: ((sum: Sum) => void) | undefined;
}

/** Seeds in one span: short enough that the threads end together, long enough that messages cost nothing. */
const SPAN = 20;

export async function spread<Message extends Seeds, Sum>(o: SpreadOptions<Message, Sum>): Promise<Sum> {
  const { first, seeds } = o.message;
  const span = Math.max(1, Math.min(SPAN, Math.ceil(seeds / (4 * o.threads))));
  let next = 0;
  let total = o.empty;
  const work = async (): Promise<void> => {
    const thread = new Worker(o.worker, { workerData: { mutant: o.mutant } satisfies WorkerData });
    try {
      while (next < seeds && !o.isOver(total)) {
        const at = next;
        next = Math.min(seeds, next + span);
        thread.postMessage({ ...o.message, first: first + at, seeds: next - at });
        const [sum] = (await once(thread, 'message')) as [Sum];
        total = o.merged(total, sum);
        o.done?.(total);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(o.threads, Math.ceil(seeds / span)) }, work));
  return total;
}
