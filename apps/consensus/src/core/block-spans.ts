/** One span for each block on its way here (A5): consensus messages travel in its context, and it links to its transactions' calls. */

import type { Block, Digest } from '@bursar/protocol';
import { contextFrom, MAX_LINKS, startSpan } from '@bursar/shared-core';
import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';

export class BlockSpans {
  readonly #spans = new Map<Digest, Span>();
  readonly #validator: number;
  constructor(validator: number) {
    this.#validator = validator;
  }

  /** Begins the span of a proposal, once. A trace of its own: else each block would hang under the one before. */
  begin(digest: Digest, block: Block): void {
    if (this.#spans.has(digest) || this.#spans.size >= 64) return;
    const attributes = {
      'bursar.height': block.header.height,
      'bursar.view': block.header.view,
      'bursar.validator': this.#validator,
      'bursar.block': digest,
      'bursar.batches': block.batches.length,
    };
    this.#spans.set(digest, startSpan('block', { parent: ROOT_CONTEXT, attributes }));
  }
  /** Links to the calls that brought its transactions. */
  link(digest: Digest, traceparents: Iterable<string>): void {
    const span = this.#spans.get(digest);
    if (!span) return;
    let count = 0;
    for (const traceparent of traceparents) {
      const linked = trace.getSpanContext(contextFrom(traceparent));
      if (linked && count++ < MAX_LINKS) span.addLink({ context: linked });
      if (count >= MAX_LINKS) return;
    }
  }
  /** Runs `fn` in the block's context; in the caller's when there is none. */
  within<T>(digest: Digest, fn: () => T): T {
    const span = this.#spans.get(digest);
    return span ? context.with(trace.setSpan(context.active(), span), fn) : fn();
  }
  /** The height is over: ends all of them; `final` was executed. */
  endAll(final: Digest): void {
    for (const [digest, span] of this.#spans) {
      span.setAttribute('bursar.final', digest === final);
      span.end();
    }
    this.#spans.clear();
  }
}
