/** What every adapter does alike: trace context in headers, handlers under it, errors of responders as headers. */
import { context, propagation } from '@opentelemetry/api';
import { BursarError, coreError, errorFrom, rejection, type Severity } from '../errors.ts';
import { SpanKind, withSpan } from '../trace.ts';
import { createBoundedQueue } from './bounded-queue.ts';
import type { BusHandler, BusHeaders, BusMessage, BusObserver, BusSubscription, SubscribeOptions } from './bus.ts';

/** The given headers and the active trace context (A5). */
export function withTrace(headers: BusHeaders = {}): Record<string, string> {
  const carrier: Record<string, string> = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** Runs a handler in the sender's trace, under a consumer span when asked. */
export function inTrace<T>(message: BusMessage, span: boolean, fn: () => T): T | Promise<T> {
  if (message.headers['traceparent'] === undefined && !span) return fn();
  const parent = propagation.extract(context.active(), message.headers);
  if (!span) return context.with(parent, fn);
  const attributes = {
    'messaging.system': 'nats',
    'messaging.destination.name': message.subject,
    'messaging.message.body.size': message.data.byteLength,
  };
  return withSpan(`${message.subject} process`, { parent, kind: SpanKind.CONSUMER, attributes }, fn);
}

/** A bounded queue in front of a handler whose throws are reported and never spread. */
export function deliverTo<M extends BusMessage>(handler: (message: M) => unknown, options: SubscribeOptions, observer: BusObserver) {
  const { queueLimit, concurrency = 1, span = false } = options;
  const report = (message: M) => (error: unknown) => observer.onError?.(error, message.subject);
  const handle = (message: M): unknown => {
    try {
      const result = inTrace(message, span, () => handler(message));
      return result instanceof Promise ? result.catch(report(message)) : result;
    } catch (error) {
      report(message)(error);
      return undefined;
    }
  };
  return createBoundedQueue<M>(Math.max(1, queueLimit), concurrency, handle, () => observer.onDrop?.('queue_full'));
}

export function subscriptionOf(queue: ReturnType<typeof deliverTo>, unsubscribe: () => void): BusSubscription {
  return {
    get pending() {
      return queue.pending;
    },
    get dropped() {
      return queue.dropped;
    },
    async stop() {
      unsubscribe();
      await queue.stop();
    },
  };
}

const ERROR_HEADER = 'Bursar-Error';

/** A thrown error as one header; a stranger's text stays here. */
export function errorHeaders(thrown: unknown): Record<string, string> {
  const { code, reason, message, remedy, severity, retryAfterMs } = errorFrom(thrown);
  const clip = (text: string) => text.slice(0, 512);
  return {
    [ERROR_HEADER]: encodeURIComponent(
      JSON.stringify({ code, reason, message: clip(message), remedy: clip(remedy), severity, retryAfterMs }),
    ),
  };
}

/** @throws the error that the responder sent */
export function checkAnswer(message: BusMessage): BusMessage {
  const text = message.headers[ERROR_HEADER];
  if (text === undefined) return message;
  throw parseError(text);
}

function parseError(text: string): BursarError {
  try {
    const e = JSON.parse(decodeURIComponent(text)) as Record<string, unknown>;
    const code = Number(e['code']);
    if (!Number.isSafeInteger(code)) throw new RangeError('an error without a code');
    return new BursarError({
      code,
      reason: String(e['reason']),
      message: String(e['message']),
      remedy: String(e['remedy']),
      severity: SEVERITIES.find((s) => s === e['severity']) ?? 'medium',
      ...(typeof e['retryAfterMs'] === 'number' ? { retryAfterMs: e['retryAfterMs'] } : {}),
    });
  } catch (cause) {
    return coreError('Internal', 'the answer carries an error that cannot be read', { cause });
  }
}
const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** Subjects are dot-separated tokens without blanks; wildcards only where one listens. @throws FieldInvalid */
export function checkSubject(subject: string, wildcards: boolean): void {
  const token = wildcards ? /^(?:[^\s.*>]+|\*)$/ : /^[^\s.*>]+$/;
  const tokens = subject.split('.');
  if (wildcards && tokens.at(-1) === '>') tokens.pop();
  if (subject.length > 255 || !tokens.every((t) => token.test(t)))
    throw rejection('FieldInvalid', `"${subject.slice(0, 64)}" is no subject`);
}

export type { BusHandler };
