import { startTelemetry, type TelemetryOptions } from '@bursar/shared-core';
import { afterAll, describe, expect, it } from '@jest/globals';
import { emitBlockSpans } from '../src/adapters/block-spans.ts';
import { client, TestChain, testKey } from './support/chain.ts';
import { payroll, TRACEPARENT } from './support/payroll.ts';
import { openStore } from './support/store.ts';

type Processor = NonNullable<TelemetryOptions['spanProcessors']>[number];
type Ended = Parameters<Processor['onEnd']>[0];
const spans: Ended[] = [];
const collect: Processor = { onStart() {}, onEnd: (span) => void spans.push(span), forceFlush: async () => {}, shutdown: async () => {} };
const telemetry = await startTelemetry({ service: 'storage', instance: 'test', spanProcessors: [collect] });
afterAll(() => telemetry.stop());

const [, trace, parent] = TRACEPARENT.split('-');

describe('Spans of a block', () => {
  it('hang under the submitting call, receipts under the seal of their import', async () => {
    const chain = new TestChain();
    const { blocks, imported, payId } = payroll(chain);
    const { store, finals, commit } = await openStore(chain);
    for (const one of blocks) await commit(one);
    spans.length = 0;
    for (const final of finals) emitBlockSpans(final, 3, (i) => store.indexes.traceparent(i));
    const names = spans.map((s) => s.name);
    expect(names).toEqual(['execute importSeal', 'execute executeBatch', 'receipt', 'receipt', 'receipt', 'receipt']);
    for (const span of spans) {
      expect([span.spanContext().traceId, span.parentSpanContext?.spanId]).toEqual([trace, parent]);
      expect(span.attributes).toMatchObject({ 'bursar.validator': 3 });
    }
    expect(spans[1]?.attributes).toMatchObject({ 'bursar.height': 5, 'bursar.transaction_id': payId, 'bursar.result_code': 0 });
    const receipt = { 'bursar.height': 5, 'bursar.transaction_id': payId, 'bursar.disbursement_id': imported.ids[0] };
    expect(spans[2]?.attributes).toMatchObject(receipt);
  });

  it('are made for sampled calls only, and for a bounded number of them', async () => {
    const chain = new TestChain();
    const { finals, commit } = await openStore(chain);
    const pay = { kind: 'transfer', to: testKey('bob').id, amount: 1n, memo: '' } as const;
    const unsampled = `${TRACEPARENT.slice(0, -1)}0`;
    await commit(chain.next([chain.entry(client, pay, unsampled), chain.entry(client, pay, 'nonsense'), chain.entry(client, pay)]));
    spans.length = 0;
    for (const final of finals) emitBlockSpans(final, 0, () => '');
    expect(spans).toHaveLength(0);
    await commit(chain.next(Array.from({ length: 600 }, () => chain.entry(client, pay, TRACEPARENT))));
    emitBlockSpans(finals[1] as (typeof finals)[0], 0, () => '');
    expect(spans).toHaveLength(500);
  });
});
