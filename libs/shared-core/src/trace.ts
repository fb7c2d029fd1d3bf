/** Spans and W3C trace context as strings, for what is stored and sent later (A5). Works unstarted too: then spans are empty. */
import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { errorFrom } from './errors.ts';

export { SpanKind };
/** Links one span may have (docs/architecture.md, "A payment's way"). */
export const MAX_LINKS = 128;

/** A stored `traceparent` (00-…), a context, or undefined for the active context. */
export type ParentOf = string | Context | undefined;
export interface SpanOptions {
  readonly parent?: ParentOf;
  /** Traceparents; what is malformed or beyond MAX_LINKS is left out, and counted in the attribute bursar.links.dropped. */
  readonly links?: readonly string[];
  readonly attributes?: Attributes;
  readonly kind?: SpanKind;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;
const tracer = () => trace.getTracer('bursar');

/** Context of a remote span (W3C Trace Context §3.2). A malformed or absent traceparent gives the root context. */
export function contextFrom(traceparent: string | undefined, tracestate?: string): Context {
  const m = traceparent === undefined || traceparent.startsWith('ff') ? null : TRACEPARENT.exec(traceparent);
  const [, traceId = '', spanId = '', flags = '00'] = m ?? [];
  const spanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(tracestate ? { traceState: createTraceState(tracestate) } : {}),
  };
  return m && trace.isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

/** W3C form of a span; undefined when it is empty. */
export function traceparentOf(span: Span | undefined): string | undefined {
  const c = span?.spanContext();
  return c && trace.isSpanContextValid(c) ? `00-${c.traceId}-${c.spanId}-${(c.traceFlags & 1).toString(16).padStart(2, '0')}` : undefined;
}
export const activeTraceparent = (): string | undefined => traceparentOf(trace.getActiveSpan());
export const activeTracestate = (): string | undefined => trace.getActiveSpan()?.spanContext().traceState?.serialize() || undefined;
export const activeTraceId = (): string | undefined => activeTraceparent()?.slice(3, 35);

/** Starts a span; the caller ends it. */
export function startSpan(name: string, { parent, links = [], attributes = {}, kind = SpanKind.INTERNAL }: SpanOptions = {}): Span {
  const valid: Link[] = [];
  for (const link of links) {
    const linked = valid.length < MAX_LINKS ? trace.getSpanContext(contextFrom(link)) : undefined;
    if (linked) valid.push({ context: linked });
  }
  const dropped = links.length - valid.length;
  const all = dropped > 0 ? { ...attributes, 'bursar.links.dropped': dropped } : attributes;
  return tracer().startSpan(name, { kind, attributes: all, links: valid }, parentContext(parent));
}

/** Starts a span under a stored traceparent; the caller ends it. */
export const startSpanFrom = (traceparent: string | undefined, name: string, options: Omit<SpanOptions, 'parent'> = {}): Span =>
  startSpan(name, { ...options, parent: contextFrom(traceparent) });

/** Runs `fn` with the span active and ends it with fn; a throw is recorded by its reason and passes on. */
export async function withSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
  const span = startSpan(name, options);
  try {
    return await context.with(trace.setSpan(parentContext(options.parent), span), () => fn(span));
  } catch (thrown) {
    const error = errorFrom(thrown);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    span.setAttributes({ 'error.type': error.reason, 'bursar.code': error.code });
    throw thrown;
  } finally {
    span.end();
  }
}

const parentContext = (parent: ParentOf): Context =>
  parent === undefined ? context.active() : typeof parent === 'string' ? contextFrom(parent) : parent;
