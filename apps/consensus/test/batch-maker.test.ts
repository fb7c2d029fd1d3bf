import { describe, expect, it } from '@jest/globals';
import { BatchMaker } from '../src/core/batch-maker.ts';
import { Mempool } from '../src/core/mempool.ts';
import { OwnBatches } from '../src/core/own-batches.ts';

const RESEND_MS = 1_000;
const id = (n: number): string => n.toString(16).padStart(64, '0');

/** A maker whose every transaction becomes a batch of its own; `sent` names the batches as they leave. */
async function made(count: number) {
  let now = 10_000;
  const sent: number[] = [];
  const mempool = new Mempool({ maxCount: 100, maxBytes: 1_000_000, maxHeld: 100 });
  const own = new OwnBatches(1, mempool, {
    chain: id(1),
    origin: 0,
    ageMs: 0,
    ageBehindMs: 0,
    fullBytes: 200,
    fullTransactions: 1_000,
    maxOutstanding: 32,
  });
  let signed = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const maker = new BatchMaker(0, {
    clock: { now: () => now },
    journal: { append: () => {}, sync: async () => {} } as never,
    mempool,
    own,
    signer: { signBatch: async () => new Uint8Array(64) },
    peers: { batch: () => void sent.push(own.outstanding().findLast((b) => b.lastSentMs === now && b.signature)?.ref.number ?? 0) },
    onSigned: () => ++signed === count && resolve(),
    onMade: () => {},
    onFailure: (error) => {
      throw error;
    },
    resendMs: RESEND_MS,
  });
  for (let i = 0; i < count; i++) mempool.add({ id: id(100 + i), transaction: new Uint8Array(120), traceparent: '', tracestate: '' });
  maker.kick();
  await promise;
  await new Promise((done) => setImmediate(done));
  sent.length = 0;
  return { maker, own, sent, pass: (ms: number) => (now += ms) };
}

describe('K3 batches that are not ordered', () => {
  it('the oldest two are sent again when none of ours has moved for a while', async () => {
    const { maker, sent, pass } = await made(4);
    pass(RESEND_MS - 1);
    maker.resend();
    expect(sent).toHaveLength(0);
    pass(1);
    maker.resend();
    expect(sent).toEqual([1, 2]);
    maker.stop();
  });

  it('nothing is sent again while ours are being ordered one after the other: they only queue', async () => {
    const { maker, own, sent, pass } = await made(4);
    pass(RESEND_MS);
    maker.executed([own.find(1)?.ref as never], 0);
    maker.resend();
    expect(sent).toHaveLength(0);
    pass(RESEND_MS);
    maker.resend();
    expect(sent).toEqual([2, 3]);
    maker.stop();
  });
});
