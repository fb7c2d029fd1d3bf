/** What comes in from other validators over NATS, each kind in a bounded queue (C6). */
import type { Bus } from '@bursar/shared-core';
import { type AnswerParts, answerFetch } from '../core/answer-fetch.ts';
import type { Ingress } from '../core/ingress.ts';
import type { Pipeline } from '../core/pipeline.ts';
import { type Subjects, senderOf } from '../core/subjects.ts';
import { type Rate, TokenBucket } from '../core/token-bucket.ts';

export interface ListenParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly self: number;
  readonly validators: number;
  readonly pipeline: Pipeline;
  readonly ingress: Ingress;
  /** Messages that may wait: beyond them the oldest is dropped; everything is sent again. */
  readonly queues: { readonly votes: number; readonly batches: number; readonly finals: number; readonly fetches: number };
  /** Bytes that one validator is answered: who asks without end leaves the others their answers. */
  readonly answerBytes: Rate;
}
/** Of one validator's requests so many are answered at a time. */
const AT_ONCE = 4;

export function listen(
  { bus, subjects, self, validators, pipeline, ingress, queues, answerBytes }: ListenParts,
  answers: Omit<AnswerParts, 'budget'>,
) {
  const askers = Array.from({ length: validators }, (_, i) => i).filter((i) => i !== self);
  const answer = (asker: number) => {
    const parts = { ...answers, budget: new TokenBucket(answerBytes, answers.now()) };
    return bus.respond(subjects.fetch(self, asker), ({ data }) => answerFetch(data, parts), {
      queueLimit: queues.fetches,
      concurrency: AT_ONCE,
    });
  };
  const subscriptions = [
    bus.subscribe(subjects.vote('*'), ({ data, subject }) => pipeline.onMessage(data, senderOf(subject)), { queueLimit: queues.votes }),
    bus.subscribe(subjects.batch('*'), ({ data, subject }) => ingress.onBatch(data, senderOf(subject)), {
      queueLimit: queues.batches,
      concurrency: 32,
    }),
    bus.subscribe(subjects.final(self), ({ data }) => ingress.onFinal(data), { queueLimit: queues.finals }),
    ...askers.map(answer),
  ];
  return {
    pending: () => subscriptions.reduce((sum, s) => sum + s.pending, 0),
    stop: async () => void (await Promise.all(subscriptions.map((s) => s.stop()))),
  };
}
