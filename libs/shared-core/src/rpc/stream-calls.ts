/** The calling side of calls over a stream that stays open (docs/decisions/0016-streams-in-the-cell.md). */
import type { rpcStatus } from '@bursar/protocol/rpc';
import { errorFrom, rejection } from '../errors.ts';
import { activeTraceparent, activeTracestate } from '../trace.ts';
import { fromStatusMessage } from './status.ts';

/** The part of a request that says which call it is. */
export interface CallInit {
  readonly call: { readonly id: bigint; readonly traceparent: string; readonly tracestate: string };
}
export interface Answer {
  readonly id: bigint;
  readonly refused?: rpcStatus.Status | undefined;
}
export interface StreamCallsOptions {
  /** What is called, for messages. */
  readonly what: string;
  /** Longest wait for an answer, ms; then the whole stream is given up. */
  readonly timeoutMs: number;
  /** Calls under way beyond which new ones get QueueFull. */
  readonly most: number;
}
export interface StreamCalls<Q, A> {
  /** @throws what the call is refused with; QueueFull; PeerUnreachable, ProcessingTimeout and the like when the stream breaks: ask again */
  call(request: Q): Promise<A>;
  /** Ends the stream, and with it what is under way: PeerUnreachable. */
  close(): void;
}
/** Opens the stream: a method of an RpcClient. */
type Open<Q, A> = (requests: AsyncIterable<Q & CallInit>, options: { readonly signal: AbortSignal }) => AsyncIterable<A>;

/** Streams end after an hour, the server's limit: before that the next call opens another, and the old one ends with its last answer. */
const RENEW_MS = 30 * 60_000;

/** Opens a stream with the first call, and another after it broke. */
export function openStreamCalls<Q extends object, A extends Answer>(
  open: Open<Q, A>,
  { what, timeoutMs, most }: StreamCallsOptions,
): StreamCalls<Q, A> {
  let line: Line<Q, A> | undefined;
  let [lastId, underWay, closed] = [0n, 0, false];
  return {
    async call(request) {
      if (closed) throw rejection('PeerUnreachable', `the way to ${what} is closed`);
      if (underWay >= most) throw rejection('QueueFull', `${most} calls of ${what} are under way`, { retryAfterMs: 100 });
      if (line && (line.isOver || performance.now() - line.openedAt > RENEW_MS)) {
        line.end();
        line = undefined;
      }
      line ??= new Line(open, what, timeoutMs);
      underWay++;
      try {
        lastId += 1n;
        const call = { id: lastId, traceparent: activeTraceparent() ?? '', tracestate: activeTracestate() ?? '' };
        return await line.call({ ...request, call });
      } finally {
        underWay--;
      }
    },
    close() {
      closed = true;
      line?.giveUp(rejection('PeerUnreachable', `the way to ${what} is closed`));
    },
  };
}

interface Waiting<A> {
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** One stream, from its opening to its end. */
class Line<Q, A extends Answer> {
  readonly openedAt = performance.now();
  readonly #what: string;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<bigint, Waiting<A>>();
  /** Not yet written; as many at most as calls are under way. */
  readonly #unsent: (Q & CallInit)[] = [];
  readonly #abort = new AbortController();
  #isEnding = false;
  #wake = () => {};
  isOver = false;

  constructor(open: Open<Q, A>, what: string, timeoutMs: number) {
    this.#what = what;
    this.#timeoutMs = timeoutMs;
    void this.#read(open(this.#requests(), { signal: this.#abort.signal }));
  }

  call(request: Q & CallInit): Promise<A> {
    return new Promise((resolve, reject) => {
      const late = () => this.giveUp(rejection('ProcessingTimeout', `${this.#what} gave no answer in ${this.#timeoutMs} ms`));
      this.#waiting.set(request.call.id, { timer: setTimeout(late, this.#timeoutMs), resolve, reject });
      this.#unsent.push(request);
      this.#wake();
    });
  }
  /** Nothing more is sent; answers are still taken. */
  end(): void {
    this.#isEnding = true;
    this.#wake();
  }
  giveUp(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.end();
    this.#abort.abort();
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  async *#requests(): AsyncGenerator<Q & CallInit> {
    for (;;) {
      for (let next = this.#unsent.shift(); next; next = this.#unsent.shift()) yield next;
      if (this.#isEnding) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  async #read(answers: AsyncIterable<A>): Promise<void> {
    try {
      for await (const answer of answers) this.#settle(answer);
      this.giveUp(rejection('PeerUnreachable', `${this.#what} ended the stream`));
    } catch (error) {
      this.giveUp(errorFrom(error));
    }
  }
  #settle(answer: A): void {
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if (answer.refused) waiting.reject(fromStatusMessage(answer.refused));
    else waiting.resolve(answer);
  }
}
