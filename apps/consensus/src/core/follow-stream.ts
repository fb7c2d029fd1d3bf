/** Takes transactions as they come on a stream, and tells every step of each (Transactions.Follow). */
import type { Digest } from '@bursar/protocol';
import { type BursarError, errorFrom } from '@bursar/shared-core';
import { type FollowParts, isLast, watchOutcomes } from './await-outcome.ts';
import type { Answer, Given } from './intake.ts';
import type { Outcome } from './outcomes.ts';

/** `taken`: it is on disk. An error: it was refused, the last step. An outcome: final, provable, or the last that consumed nothing. */
export type Step = 'taken' | BursarError | Outcome;
export interface Told {
  /** Place of the request in the stream, from 0. */
  readonly number: number;
  /** Undefined when it was refused before it had one. */
  readonly id: Digest | undefined;
  readonly step: Step;
}
export interface FollowStreamParts extends FollowParts {
  /** One answer each, in order (Intake.submitAll). */
  readonly submit: (given: readonly Given[]) => Promise<readonly Answer[]>;
}

/** Read from one stream, and their last steps not handed over yet: beyond them no more is read. */
const UNDER_WAY = 1_000;
/** Bodies that wait to be submitted, bytes: beyond them no more is read either. */
const WAITING_BYTES = 1024 * 1024;

/**
 * Ends when the requests have ended and the last step is told. One submission at a time, of all that has come since the one before: they
 * are taken in the order of the stream, and those that come together share a message to the workers and an fsync.
 * @throws the signal's reason; what the requests throw; QueueFull when too many wait for transactions
 */
export async function* followStream(requests: AsyncIterable<Given>, parts: FollowStreamParts, signal: AbortSignal): AsyncGenerator<Told> {
  const steps: Told[] = [];
  let waiting: { readonly number: number; readonly given: Given }[] = [];
  let waitingBytes = 0;
  let underWay = 0;
  let isSubmitting = false;
  let isRead = false;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let change = Promise.withResolvers<void>();
  const changed = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const fail = (error: unknown) => {
    failure ??= { error };
    changed();
  };

  const finals = new Set<number>();
  const watching = watchOutcomes(
    parts,
    (outcome, number) => {
      if (finals.has(number) && !outcome.provable) return; // told already
      if (isLast(outcome)) {
        finals.delete(number);
        watching.leave(number);
      } else finals.add(number);
      steps.push({ number, id: outcome.result.transaction, step: outcome });
      changed();
    },
    signal,
  );
  const submitWaiting = async () => {
    isSubmitting = true;
    while (waiting.length > 0 && !isOver) {
      const group = waiting;
      waiting = [];
      waitingBytes = 0;
      changed();
      const answers = await parts.submit(group.map((g) => g.given)).catch((e) => group.map(() => ({ id: undefined, error: errorFrom(e) })));
      if (isOver) return;
      for (const [i, { number }] of group.entries()) {
        const { id, error } = answers[i] as Answer;
        steps.push({ number, id, step: error ?? 'taken' });
        if (!error) watching.add(id as Digest, number);
      }
      changed();
    }
    isSubmitting = false;
  };
  const read = async () => {
    let number = 0;
    for await (const given of requests) {
      waiting.push({ number: number++, given });
      waitingBytes += given.body.length;
      underWay++;
      if (!isSubmitting) void submitWaiting().catch(fail);
      while (!isOver && (underWay >= UNDER_WAY || waitingBytes >= WAITING_BYTES)) await change.promise;
      if (isOver) return;
    }
    isRead = true;
    changed();
  };

  signal.addEventListener('abort', changed, { once: true });
  try {
    void read().catch(fail);
    for (;;) {
      signal.throwIfAborted();
      const told = steps.shift();
      if (told) {
        yield told;
        if (told.step !== 'taken' && (!('result' in told.step) || isLast(told.step))) {
          underWay--; // not before it is handed over: a reader who is slow is sent no more than this
          changed();
        }
      } else if (failure) throw failure.error;
      else if (isRead && underWay === 0) return;
      else await change.promise;
    }
  } finally {
    isOver = true;
    watching.stop();
    signal.removeEventListener('abort', changed);
    changed();
  }
}
