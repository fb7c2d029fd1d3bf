import type { call } from '@bursar/protocol/rpc';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { type AnswerOptions, answerCalls, BursarError, type CallContext, openStreamCalls, rejection, withSpan } from '../src/index.ts';
import { failure } from './support/echo-server.ts';

interface Ask {
  readonly n: number;
}
type Asked = Ask & { readonly call?: call.Call };
interface Answered {
  readonly id: bigint;
  readonly n: number;
}
const answered = jest.fn<CallContext['answered']>();
const context = { answered, signal: new AbortController().signal } as unknown as CallContext;

/** Both sides without a socket between them. */
function connect(
  answer: (n: number) => Promise<number>,
  { most = 8, timeoutMs = 60_000, bound = 100 }: { most?: number; timeoutMs?: number; bound?: number } = {},
) {
  const seen = { opened: 0, read: 0, ended: 0 };
  const options: AnswerOptions = { name: 'test/Ask', most };
  const handler = answerCalls(options, async (request: Asked) => ({ n: await answer(request.n) }));
  async function* counted(requests: AsyncIterable<Asked>) {
    for await (const r of requests) {
      seen.read++;
      yield r;
    }
    seen.ended++;
  }
  const breakers: ((e: unknown) => void)[] = [];
  const open = (requests: AsyncIterable<Asked>, { signal }: { signal: AbortSignal }) => {
    seen.opened++;
    const broken = new Promise<never>((_, reject) => {
      breakers.push(reject);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    broken.catch(() => {});
    return (async function* () {
      const answers = handler(counted(requests) as never, context);
      for (;;) {
        const next = await Promise.race([answers.next(), broken]);
        if (next.done) return;
        yield next.value as Answered;
      }
    })();
  };
  const calls = openStreamCalls<Ask, Answered>(open as never, { what: 'the test', timeoutMs, most: bound });
  return { calls, seen, breakStream: (e: unknown) => breakers.at(-1)?.(e), ask: async (n: number) => (await calls.call({ n })).n };
}
/** Answers that wait until they are let go, by number. */
function gates() {
  const open = new Map<number, (n: number) => void>();
  return {
    answer: (n: number) => new Promise<number>((resolve) => open.set(n, resolve)),
    release: (n: number) => open.get(n)?.(n * 10),
    waiting: () => [...open.keys()],
  };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
afterAll(() => {
  jest.restoreAllMocks();
});

describe('calls over one stream', () => {
  it('answers find their calls in whatever order they come, over a single stream', async () => {
    const { answer, release, waiting } = gates();
    const { ask, seen } = connect(answer);
    const all = [1, 2, 3].map(ask);
    await settled();
    expect(waiting()).toEqual([1, 2, 3]);
    for (const n of [3, 1, 2]) release(n);
    expect(await Promise.all(all)).toEqual([10, 20, 30]);
    expect(seen.opened).toBe(1);
  });

  it('a refusal refuses its own call and no other, and arrives with its code, remedy, fields and wait', async () => {
    const refused = rejection('RateLimited', 'slow down', { retryAfterMs: 1_500, violations: [{ field: 'n', description: 'too often' }] });
    const { ask, seen } = connect(async (n) => {
      if (n === 2) throw refused;
      return n;
    });
    const [one, error, three] = await Promise.all([ask(1), failure(ask(2)), ask(3)]);
    expect([one, three]).toEqual([1, 3]);
    expect(error).toBeInstanceOf(BursarError);
    const { code, reason, severity, remedy, violations } = refused;
    expect(error).toMatchObject({ code, reason, severity, remedy, violations, message: 'slow down', retryAfterMs: 1_500 });
    expect(seen.opened).toBe(1);
  });

  it('what a stranger throws is INTERNAL with nothing of its text', async () => {
    const { ask } = connect(async () => {
      throw new Error('the password is swordfish');
    });
    expect(await failure(ask(1))).toMatchObject({ reason: 'INTERNAL', message: 'internal error' });
    expect(answered.mock.lastCall?.[1]).toMatchObject({ message: 'the password is swordfish' }); // for the log of the server
  });

  it('a broken stream refuses what is under way with its reason, and the next call opens another', async () => {
    const { answer, release } = gates();
    const { ask, seen, breakStream } = connect(answer);
    const lost = [failure(ask(1)), failure(ask(2))];
    await settled();
    breakStream(rejection('PeerUnreachable', 'the cable'));
    for (const error of await Promise.all(lost)) expect(error).toMatchObject({ reason: 'PEER_UNREACHABLE', message: 'the cable' });
    const again = ask(3);
    await settled();
    release(3);
    expect(await again).toBe(30);
    expect(seen.opened).toBe(2);
  });

  it('a call without an answer gives the whole stream up: whoever is silent once is not asked on the same stream', async () => {
    const { answer } = gates();
    const { ask, seen } = connect(answer, { timeoutMs: 20 });
    expect(await Promise.all([failure(ask(1)), failure(ask(2))])).toEqual([
      expect.objectContaining({ reason: 'PROCESSING_TIMEOUT' }),
      expect.objectContaining({ reason: 'PROCESSING_TIMEOUT' }),
    ]);
    expect(await failure(ask(3))).toMatchObject({ reason: 'PROCESSING_TIMEOUT' });
    expect(seen.opened).toBe(2);
  });

  it('more calls than the bound get QueueFull, and room again when one is answered', async () => {
    const { answer, release } = gates();
    const { ask } = connect(answer, { bound: 2 });
    const [first, second] = [ask(1), ask(2)];
    expect(await failure(ask(3))).toMatchObject({ reason: 'QUEUE_FULL', retryAfterMs: 100 });
    await settled();
    release(1);
    await first;
    const third = ask(4);
    await settled();
    for (const n of [2, 4]) release(n);
    expect(await Promise.all([second, third])).toEqual([20, 40]);
  });

  it('no more are at work than the server allows: the rest is not even read', async () => {
    const { answer, release, waiting } = gates();
    const { ask, seen } = connect(answer, { most: 2 });
    const all = [1, 2, 3, 4].map(ask);
    await settled();
    expect(waiting()).toEqual([1, 2]);
    expect(seen.read).toBe(2);
    release(2);
    await settled();
    expect(waiting()).toEqual([1, 2, 3]);
    for (const n of [1, 3]) release(n);
    await settled();
    release(4);
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40]);
  });

  it('one at a time keeps the order', async () => {
    const order: string[] = [];
    const { ask } = connect(
      async (n) => {
        order.push(`in ${n}`);
        await settled();
        order.push(`out ${n}`);
        return n;
      },
      { most: 1 },
    );
    await Promise.all([1, 2].map(ask));
    expect(order).toEqual(['in 1', 'out 1', 'in 2', 'out 2']);
  });

  it('an old stream ends with its last answer while new calls go over another: no call meets the hour at which streams end', async () => {
    const { answer, release } = gates();
    const { ask, seen } = connect(answer);
    const early = ask(1);
    await settled();
    const now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => now + 31 * 60_000);
    const late = ask(2);
    await settled();
    for (const n of [1, 2]) release(n);
    expect(await Promise.all([early, late])).toEqual([10, 20]);
    expect(seen).toMatchObject({ opened: 2, ended: 1 });
    jest.restoreAllMocks();
  });

  it('closing refuses what is under way, ends the stream, and lets nothing begin', async () => {
    const { answer } = gates();
    const { ask, calls, seen } = connect(answer);
    const lost = failure(ask(1));
    await settled();
    calls.close();
    expect(await lost).toMatchObject({ reason: 'PEER_UNREACHABLE', message: 'the way to the test is closed' });
    expect(await failure(ask(2))).toMatchObject({ reason: 'PEER_UNREACHABLE' });
    await settled();
    expect(seen).toMatchObject({ opened: 1, ended: 1 });
  });
});

describe('the answering side', () => {
  it.each([
    ['no more may be at work', 1],
    ['more may be', 2],
  ])('ends when the caller leaves, however long the work goes on: %s', async (_, most) => {
    const over = new AbortController();
    const { answer, waiting, release } = gates();
    const handler = answerCalls({ name: 'test/Ask', most }, async ({ n }: Asked) => ({ n: await answer(n) }));
    async function* requests(): AsyncGenerator<Asked> {
      yield { n: 1 };
      await new Promise(() => {});
    }
    const next = failure(handler(requests(), { ...context, signal: over.signal }).next());
    await settled();
    expect(waiting()).toEqual([1]);
    over.abort(rejection('PeerUnreachable', 'the caller left'));
    expect(await Promise.race([next, settled()])).toMatchObject({ message: 'the caller left' });
    release(1);
  });
});

describe('the trace of a call over a stream', () => {
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const { startTelemetry } = await import('../src/index.ts');
    const telemetry = await startTelemetry({ service: 'test', instance: 'test' });
    stop = () => telemetry.stop();
  });
  afterAll(() => stop());

  it('is that of the caller, each call its own', async () => {
    const traces = new Map<number, string | undefined>();
    const { ask } = connect(async (n) => {
      traces.set(n, trace.getActiveSpan()?.spanContext().traceId);
      return n;
    });
    const callers = await Promise.all(
      [1, 2].map((n) =>
        withSpan('caller', {}, async (span) => {
          await ask(n);
          return span.spanContext().traceId;
        }),
      ),
    );
    expect([traces.get(1), traces.get(2)]).toEqual(callers);
    expect(callers[0]).not.toBe(callers[1]);
  });
});
