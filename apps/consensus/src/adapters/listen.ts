/** What comes in from other validators over NATS, each kind in a bounded queue (C6). */
import type { Bus } from '@bursar/shared-core';
import { type AnswerParts, answerFetch } from '../core/answer-fetch.ts';
import type { Ingress } from '../core/ingress.ts';
import type { Pipeline } from '../core/pipeline.ts';
import { type Subjects, senderOf } from '../core/subjects.ts';

export interface ListenParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly self: number;
  readonly pipeline: Pipeline;
  readonly ingress: Ingress;
  /** Messages that may wait: beyond them the oldest is dropped; everything is sent again. */
  readonly queues: { readonly votes: number; readonly batches: number; readonly finals: number; readonly fetches: number };
}

export function listen({ bus, subjects, self, pipeline, ingress, queues }: ListenParts, answers: AnswerParts) {
  const subscriptions = [
    bus.subscribe(subjects.vote('*'), ({ data, subject }) => pipeline.onMessage(data, senderOf(subject)), { queueLimit: queues.votes }),
    bus.subscribe(subjects.batch('*'), ({ data, subject }) => ingress.onBatch(data, senderOf(subject)), {
      queueLimit: queues.batches,
      concurrency: 32,
    }),
    bus.subscribe(subjects.final(self), ({ data }) => ingress.onFinal(data), { queueLimit: queues.finals }),
    bus.respond(subjects.fetch(self), ({ data }) => answerFetch(data, answers), { queueLimit: queues.fetches, concurrency: 8 }),
  ];
  return {
    pending: () => subscriptions.reduce((sum, s) => sum + s.pending, 0),
    stop: async () => void (await Promise.all(subscriptions.map((s) => s.stop()))),
  };
}
