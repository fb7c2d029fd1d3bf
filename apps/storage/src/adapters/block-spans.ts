/** Spans of execution (A5): under the submitting call for each transaction, under the import's seal for each receipt. */
import { decode, isReceipt, result as resultCodec } from '@bursar/protocol';
import { contextFrom, SpanKind } from '@bursar/shared-core';
import { type Attributes, trace } from '@opentelemetry/api';
import { kindOf } from '../core/peek.ts';
import type { FinalBlock } from '../ports.ts';

/** Together; transactions take at most half of it, so that a block of transfers hides no receipt. */
const MAX_SPANS = 1_000;

/** W3C: the last byte of a sampled traceparent has bit 0 set. */
const sampled = (traceparent: string): boolean => traceparent.length === 55 && (Number.parseInt(traceparent.slice(53), 16) & 1) === 1;

/** `importTraceparent` answers the traceparent of an import's seal, or an empty string. */
export function emitBlockSpans(final: FinalBlock, validator: number, importTraceparent: (importDigest: string) => string): void {
  const tracer = trace.getTracer('bursar');
  const emit = (name: string, traceparent: string, tracestate: string, attributes: Attributes): void => {
    const all = { 'bursar.height': final.height, 'bursar.validator': validator, ...attributes };
    const options = { kind: SpanKind.INTERNAL, startTime: final.startedMs, attributes: all };
    tracer.startSpan(name, options, contextFrom(traceparent, tracestate || undefined)).end(final.endedMs);
  };
  let transactions = 0;
  let payments = 0;
  let entry = 0;
  const { results } = final.stored;
  for (let i = 0; i < results.length; i++) {
    if (payments >= MAX_SPANS / 2 && isReceipt(results.packed, results.start(i))) continue;
    const result = decode(resultCodec, results.at(i));
    if (result.kind === 'transaction') {
      const { signed, traceparent, tracestate } = final.transactions[entry++] ?? {
        signed: new Uint8Array(),
        traceparent: '',
        tracestate: '',
      };
      if (transactions >= MAX_SPANS / 2 || !sampled(traceparent)) continue;
      transactions++;
      const attributes = { 'bursar.transaction_id': result.transaction, 'bursar.result_code': result.code };
      emit(`execute ${kindOf(signed) ?? 'unknown'}`, traceparent, tracestate, attributes);
    } else {
      const parent = importTraceparent(result.import);
      if (!sampled(parent)) continue;
      payments++;
      emit('receipt', parent, '', { 'bursar.disbursement_id': result.disbursement, 'bursar.transaction_id': result.transaction });
    }
  }
}
