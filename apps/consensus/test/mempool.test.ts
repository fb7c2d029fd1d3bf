import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entryBytes, Mempool, type Pending } from '../src/core/mempool.ts';

const tx = (n: number, size = 100): Pending => ({
  id: n.toString(16).padStart(64, '0'),
  transaction: new Uint8Array(size),
  traceparent: '',
  tracestate: '',
});
const ids = (found: readonly Pending[]): number[] => found.map((p) => Number.parseInt(p.id, 16));
const pool = (maxCount = 10, maxBytes = 10_000) => new Mempool({ maxCount, maxBytes });

describe('mempool', () => {
  it('gives out in the order of arrival, what fits, and each once', () => {
    const m = pool();
    for (const n of [1, 2, 3, 4]) expect(m.add(tx(n))).toBe('added');
    expect(ids(m.take(2, 10_000))).toEqual([1, 2]);
    expect(ids(m.take(10, entryBytes(tx(3))))).toEqual([3]);
    expect(ids(m.take(10, 10_000))).toEqual([4]);
    expect(m.take(10, 10_000)).toEqual([]);
    expect(m.size).toBe(4);
  });
  it('one that alone exceeds the size is given all the same: nothing may be stuck', () => {
    const m = pool();
    m.add(tx(1, 5_000));
    expect(ids(m.take(10, 100))).toEqual([1]);
  });
  it('a repeat is known, and beyond its bounds it is full', () => {
    const m = pool(2, 300);
    expect(m.add(tx(1))).toBe('added');
    expect(m.add(tx(1))).toBe('duplicate');
    expect(m.add(tx(2, 500))).toBe('full');
    expect(m.add(tx(3))).toBe('added');
    expect(m.add(tx(4, 1))).toBe('full');
  });
  it('what is put back comes first, in its order, without what is finished', () => {
    const m = pool();
    for (const n of [1, 2, 3, 4]) m.add(tx(n));
    const taken = m.take(3, 10_000);
    m.remove([tx(2).id]);
    m.putBack(taken.map((t) => t.id));
    expect(ids(m.take(10, 10_000))).toEqual([1, 3, 4]);
  });
  it('what is finished while it waits is never given out', () => {
    const m = pool();
    for (const n of [1, 2]) m.add(tx(n));
    expect(m.remove([tx(1).id, tx(9).id])).toEqual([tx(1).id]);
    expect(ids(m.take(10, 10_000))).toEqual([2]);
  });
  it('its counts are those of what it holds, whatever happens', () => {
    const step = fc.record({ op: fc.constantFrom('add', 'take', 'back', 'remove'), n: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const m = pool(8, 2_000);
        const taken = new Set<string>();
        for (const { op, n } of steps) {
          if (op === 'add') m.add(tx(n, n * 20));
          if (op === 'take') for (const t of m.take(n, 600)) taken.add(t.id);
          if (op === 'back') m.putBack([...taken]);
          if (op === 'back') taken.clear();
          if (op === 'remove') for (const id of m.remove([tx(n).id])) taken.delete(id);
        }
        const all = [...m.all()];
        expect(m.size).toBe(all.length);
        expect(m.bytes).toBe(all.reduce((sum, t) => sum + entryBytes(t), 0));
        const queued = all.filter((t) => !taken.has(t.id));
        expect(m.queued).toBe(queued.length);
        expect(m.queuedBytes).toBe(queued.reduce((sum, t) => sum + entryBytes(t), 0));
        expect(new Set(ids(m.take(100, 1_000_000)))).toEqual(new Set(ids(queued)));
      }),
      { numRuns: 300 },
    );
  });
});
