/** The answering side of calls over a stream that stays open: each request on its own, some at once. */
import type { call, rpcStatus } from '@bursar/protocol/rpc';
import { contextFrom, SpanKind, withSpan } from '../trace.ts';
import type { CallContext } from './call.ts';
import { toStatusMessage } from './status.ts';

interface Asked {
  readonly call?: call.Call | undefined;
}
export interface AnswerOptions {
  /** Name of the span of each call: `package.Service/Method`. */
  readonly name: string;
  /** Calls at work at once; more wait unread, so the caller feels it. 1 keeps the order. */
  readonly most: number;
}
type Answered<A> = A | { readonly refused: rpcStatus.Status };

/**
 * A handler for a bidirectional method. `answer` runs in a span under the caller's; what it throws refuses that call alone. The stream ends
 * with its signal, whatever is still at work: work that hangs keeps no place on the server.
 */
export function answerCalls<Q extends Asked, A extends object>({ name, most }: AnswerOptions, answer: (request: Q) => Promise<A>) {
  const one = async (request: Q, answered: CallContext['answered']): Promise<Answered<A> & { readonly id: bigint }> => {
    const started = performance.now();
    const { id = 0n, traceparent, tracestate } = request.call ?? {};
    const parent = contextFrom(traceparent, tracestate || undefined);
    try {
      const given = await withSpan(name, { parent, kind: SpanKind.SERVER }, () => answer(request));
      answered(performance.now() - started, undefined);
      return { ...given, id };
    } catch (error) {
      answered(performance.now() - started, error);
      return { refused: toStatusMessage(error), id };
    }
  };
  return async function* (
    requests: AsyncIterable<Q>,
    { answered, signal }: CallContext,
  ): AsyncGenerator<Answered<A> & { readonly id: bigint }> {
    const answers: (Answered<A> & { readonly id: bigint })[] = [];
    let atWork = 0;
    let isOver = false;
    let reading: { readonly error: unknown } | undefined;
    let [wake, makeRoom] = [() => {}, () => {}];
    const finish = (answered: (typeof answers)[number]) => {
      answers.push(answered);
      atWork--;
      wake();
    };
    const readAll = async (): Promise<void> => {
      for await (const request of requests) {
        atWork++;
        void one(request, answered).then(finish);
        while (!isOver && atWork + answers.length >= most)
          await new Promise<void>((resolve) => {
            makeRoom = resolve;
          });
        if (isOver) return;
      }
    };
    const endReading = (error: unknown) => {
      reading = { error };
      wake();
    };
    void readAll().then(() => endReading(undefined), endReading);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        for (let next = answers.shift(); next; next = answers.shift()) {
          yield next;
          makeRoom();
        }
        if (reading?.error !== undefined) throw reading.error;
        if (reading && atWork === 0) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      isOver = true; // the caller left: nobody reads on
      makeRoom();
    }
  };
}
