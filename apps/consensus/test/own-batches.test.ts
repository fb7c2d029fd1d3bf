import { type Batch, batchCodec, decode, limits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { Mempool } from '../src/core/mempool.ts';
import { OwnBatches } from '../src/core/own-batches.ts';

const chain = 'c'.repeat(64);
const tx = (n: number, size = 50) => ({
  id: n.toString(16).padStart(64, '0'),
  transaction: new Uint8Array(size).fill(n),
  traceparent: '',
  tracestate: '',
});
const set = (next = 1, fullTransactions: number = limits.transactionsPerBatch) => {
  const mempool = new Mempool({ maxCount: 10_000, maxBytes: 1e8, maxHeld: 10_000 });
  const own = new OwnBatches(next, mempool, {
    chain,
    origin: 2,
    ageMs: 5,
    ageBehindMs: 40,
    fullBytes: limits.batch,
    fullTransactions,
    maxOutstanding: 2,
  });
  return { mempool, own };
};
const entries = (b: { encoded: Uint8Array }): Batch['entries'] => decode(batchCodec, b.encoded).entries;

describe('own batches', () => {
  it('one is due by age after the first transaction, at once when it is full, never when nothing waits', () => {
    const { mempool, own } = set();
    expect(own.dueMs(100)).toBeUndefined();
    mempool.add(tx(1));
    expect(own.dueMs(100)).toBe(105);
    expect(own.dueMs(103)).toBe(105);
    for (const n of [2, 3, 4]) mempool.add(tx(n, 200_000));
    expect(own.dueMs(104)).toBe(104);
  });
  it('one behind others that are not ordered waits longer for company, and no longer than they do', () => {
    const { mempool, own } = set();
    mempool.add(tx(1));
    const before = own.make(100, 0);
    mempool.add(tx(2));
    expect(own.dueMs(110)).toBe(150);
    own.ordered([before.ref]);
    expect(own.dueMs(120)).toBe(115);
  });
  it('numbers rise from the next one, a batch stays below its bound, and too many unordered ones stop the making', () => {
    const { mempool, own } = set(7);
    for (const n of [1, 2, 3, 4, 5]) mempool.add(tx(n, 250_000));
    const [a, b] = [own.make(0, 0), own.make(0, 0)];
    expect([a.ref.number, b.ref.number]).toEqual([7, 8]);
    expect(a.encoded.length).toBeLessThanOrEqual(limits.batch);
    expect(a.ref.bytes).toBe(a.encoded.length);
    expect(mempool.queued).toBe(1);
    expect(own.dueMs(0)).toBeUndefined();
  });
  it('one of as many transactions as the operator allows is full', () => {
    const { mempool, own } = set(1, 2);
    mempool.add(tx(1));
    expect(own.dueMs(100)).toBe(105);
    for (const n of [2, 3]) mempool.add(tx(n));
    expect(own.dueMs(101)).toBe(101);
    expect([own.make(101, 0), own.make(101, 0)].map((b) => b.ref.transactions)).toEqual([2, 1]);
  });
  it('it expires a lifetime after the later of clock and ledger time', () => {
    const { mempool, own } = set();
    mempool.add(tx(1));
    mempool.add(tx(2));
    expect(own.make(1_000, 5_000).ref.expiresAt).toBe(5_000 + limits.batchLifetimeMs);
  });
  it('only what expired by ledger time is made again, under its number, with what is still pending', () => {
    const { mempool, own } = set();
    mempool.add(tx(1));
    mempool.add(tx(2));
    const old = own.make(1_000, 0);
    old.signature = new Uint8Array(64);
    expect(own.remake(9_999_999, old.ref.expiresAt, (id) => mempool.find(id))).toEqual([]);
    mempool.remove([tx(1).id]);
    const [again] = own.remake(1_000, old.ref.expiresAt + 1, (id) => mempool.find(id));
    expect(again?.ref.number).toBe(old.ref.number);
    expect(again?.ids).toEqual([tx(2).id]);
    expect(again?.signature).toBeUndefined();
    expect(again && entries(again).length).toBe(1);
  });
  it('what the signer refused is made again although it has not expired; what was signed is not', () => {
    const { mempool, own } = set();
    mempool.add(tx(1));
    const first = own.make(1_000, 0);
    const again = own.rebuild(1, 2_000, 0, (id) => mempool.find(id));
    expect(again?.ref.expiresAt).toBe(first.ref.expiresAt + 1_000);
    if (again) again.signature = new Uint8Array(64);
    expect(own.rebuild(1, 3_000, 0, (id) => mempool.find(id))).toBeUndefined();
  });
  it('a block that ordered another batch under our number gives the transactions back', () => {
    const { mempool, own } = set();
    mempool.add(tx(1));
    const made = own.make(0, 0);
    expect(own.ordered([{ ...made.ref, digest: 'f'.repeat(64) }])).toEqual([tx(1).id]);
    expect(own.outstanding()).toEqual([]);
    mempool.putBack([tx(1).id]);
    expect(own.make(0, 0).ref.number).toBe(2);
  });
  it('a restart continues behind the highest number in the log and forgets what was ordered', () => {
    const made = set();
    made.mempool.add(tx(1));
    const batch = made.own.make(0, 0);
    const { own, mempool } = set(1);
    expect(own.restore({ ...decode(batchCodec, batch.encoded), number: 4 }, batch.encoded, batch.ids, 5)).toBe('ordered');
    expect(own.restore(decode(batchCodec, batch.encoded), batch.encoded, batch.ids, 1)).toBe('outstanding');
    mempool.add(tx(2));
    expect(own.make(0, 0).ref.number).toBe(2);
  });
});
