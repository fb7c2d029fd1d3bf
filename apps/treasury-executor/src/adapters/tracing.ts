/** The core's tracing port over OpenTelemetry. */

import type { Tracing } from '@bursar/executor';
import { SpanKind, startSpanFrom, traceparentOf } from '@bursar/shared-core';
import { context, trace } from '@opentelemetry/api';

export const tracing: Tracing = {
  start(name, parent, links, attributes) {
    const span = startSpanFrom(parent || undefined, name, { links, attributes, kind: SpanKind.INTERNAL });
    return {
      traceparent: traceparentOf(span) ?? '',
      run: (fn) => context.with(trace.setSpan(context.active(), span), fn),
      end: () => span.end(),
    };
  },
};
