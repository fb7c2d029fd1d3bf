/** One server call of any kind: trace id, token, deadline, validation, handler, error mapping, metric. */
import { once } from 'node:events';
import type { DescMethod, Message } from '@bufbuild/protobuf';
import { Metadata, type ServerReadableStream, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { coreError, rejection } from '../errors.ts';
import { activeTraceId } from '../trace.ts';
import { streamsIn, streamsOut, Undecodable } from './method.ts';
import { toStatus } from './status.ts';
import type { Validate } from './validate.ts';

/** What a handler knows about its call. */
export interface CallContext {
  /** Aborted when the caller leaves, the deadline passes or the server stops: a handler that waits must watch it. */
  readonly signal: AbortSignal;
  /** Unix ms; the smaller of the caller's deadline and the server's own. */
  readonly deadlineMs: number;
  readonly peer: string;
  readonly traceId: string | undefined;
  /** The caller bears the server's token: a service of the same cell, also where none is demanded. */
  readonly isOwn: boolean;
  /** First value of a request header. */
  header(name: string): string | undefined;
  /** One call of several on this stream was answered: it is counted, and logged if it failed, in place of the stream as a whole. */
  answered(ms: number, error: unknown): void;
}
export type Outcome = 'ok' | 'rejected' | 'failed' | 'cancelled';
/** What the server gives to all its calls. */
export interface CallPolicy {
  readonly authenticate: ((header: string | undefined) => void) | undefined;
  readonly validate: Validate;
  /** Longest time for calls with a single reply, and for streams of replies. */
  readonly unaryMs: number;
  readonly streamMs: number;
  /** Calls that are open, with whether they answer with a stream: stop() ends them. */
  readonly open: Map<AbortController, boolean>;
  /** Whether this `authorization` header bears the server's token. */
  isOwn(header: string | undefined): boolean;
  /** Takes a place among the calls in flight, those of the cell or those of strangers, and returns the way to give it back. @throws QueueFull */
  enter(isOwn: boolean): () => void;
  done(method: DescMethod, outcome: Outcome, ms: number, error: unknown): void;
}
type Handler = (request: unknown, context: CallContext) => unknown;
type AnyCall = Omit<ServerUnaryCall<unknown, unknown>, 'request'>;

/** The grpc-js handler of one method. */
export function handleCall(method: DescMethod, handler: Handler, policy: CallPolicy) {
  return (call: AnyCall, reply?: sendUnaryData<unknown>): void => {
    const started = performance.now();
    const abort = new AbortController();
    let isCountedByCall = false;
    const context = {
      ...contextOf(call, abort.signal, streamsOut(method) ? policy.streamMs : policy.unaryMs, policy.isOwn),
      answered(ms: number, error: unknown) {
        isCountedByCall = true;
        policy.done(method, outcomeOf(error), ms, error);
      },
    };
    const timer = setTimeout(() => abort.abort(rejection('ProcessingTimeout')), Math.max(0, context.deadlineMs - Date.now()));
    let finished = false;
    call.once('cancelled', () => {
      // grpc-js says so at the end of every call: only an unfinished one was cancelled.
      if (!finished) abort.abort(coreError('Cancelled', 'the caller ended the call'));
    });
    let leave: (() => void) | undefined;
    const finish = (error?: unknown) => {
      finished = true;
      clearTimeout(timer);
      policy.open.delete(abort);
      leave?.();
      if (!isCountedByCall) policy.done(method, outcomeOf(error), performance.now() - started, error);
    };
    const run = () => {
      policy.authenticate?.(context.header('authorization'));
      leave = policy.enter(context.isOwn);
      return handler(requestOf(call, method, policy.validate), context);
    };
    call.sendMetadata(traceHeader(context.traceId));
    policy.open.set(abort, streamsOut(method));
    if (streamsOut(method)) void writeAll(run, call as ServerWritableStream<unknown, unknown>, abort.signal).then(finish);
    else
      firstOf(run, abort.signal).then(
        (value) => {
          finish();
          reply?.(null, value as never);
        },
        (error) => {
          finish(error);
          reply?.(toStatus(error));
        },
      );
  };
}

function contextOf(call: AnyCall, signal: AbortSignal, ownMs: number, isOwn: CallPolicy['isOwn']): Omit<CallContext, 'answered'> {
  const theirs = call.getDeadline();
  const header = (name: string) => call.metadata.get(name)[0]?.toString();
  return {
    signal,
    deadlineMs: Math.min(typeof theirs === 'number' ? theirs : theirs.getTime(), Date.now() + ownMs),
    peer: call.getPeer(),
    traceId: activeTraceId(),
    isOwn: isOwn(header('authorization')),
    header,
  };
}

function traceHeader(traceId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (traceId) metadata.set('x-trace-id', traceId);
  return metadata;
}

function requestOf(call: AnyCall, method: DescMethod, validate: Validate): unknown {
  const checked = (message: unknown): Message => {
    if (message instanceof Undecodable) throw message.error;
    validate(method.input, message as Message);
    return message as Message;
  };
  if (!streamsIn(method)) return checked((call as ServerUnaryCall<unknown, unknown>).request);
  const source = call as unknown as ServerReadableStream<unknown, unknown>; // a bidirectional call is one, too
  return (async function* () {
    // A handler that stops reading early must still be able to answer: the iterator may not destroy the call.
    for await (const message of source.iterator({ destroyOnReturn: false })) yield checked(message);
  })();
}

/** The handler's promise or the abort, whichever is first. */
function firstOf(run: () => unknown, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    (async () => run())().then(resolve, reject);
  });
}

/** Writes replies with back-pressure until the end, an error or the abort. Resolves with the error, if any; never rejects. */
async function writeAll(run: () => unknown, call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<unknown> {
  const span = serverSpan();
  let replies: AsyncIterator<unknown> | undefined;
  let ended = false;
  const fail = (error: unknown) => {
    if (ended) return;
    ended = true;
    if (call.cancelled)
      span?.end(); // grpc-js destroys a cancelled stream, so the instrumentation never sees it finish
    else call.emit('error', toStatus(error));
  };
  const onAbort = () => {
    fail(signal.reason);
    void replies?.return?.()?.then(undefined, () => {});
  };
  try {
    signal.throwIfAborted();
    replies = (run() as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    signal.addEventListener('abort', onAbort, { once: true });
    for (let next = await replies.next(); !next.done; next = await replies.next()) {
      if (signal.aborted) return signal.reason;
      if (!call.write(next.value)) await once(call, 'drain', { signal });
    }
    if (signal.aborted) return signal.reason;
    ended = true;
    call.end();
    return undefined;
  } catch (error) {
    const cause = signal.aborted ? signal.reason : error;
    fail(cause);
    if (!signal.aborted) void replies?.return?.()?.then(undefined, () => {});
    return cause;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function serverSpan(): Span | undefined {
  const span = trace.getActiveSpan();
  return span && (span as Span & { kind?: SpanKind }).kind === SpanKind.SERVER ? span : undefined;
}

function outcomeOf(error: unknown): Outcome {
  if (error === undefined) return 'ok';
  const { code } = toStatus(error);
  if (code === 1) return 'cancelled';
  return code === 2 || code === 13 || code === 15 ? 'failed' : 'rejected';
}
