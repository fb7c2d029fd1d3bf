import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entryBytes, Mempool, type Pending } from '../src/core/mempool.ts';

/** @param by first byte of the signer's key, which stands behind a length, a version and a chain */
const tx = (n: number, size = 100, by = 0): Pending => ({
  id: n.toString(16).padStart(64, '0'),
  transaction: new Uint8Array(size).fill(by, 38, 39),
  traceparent: '',
  tracestate: '',
});
const ids = (found: readonly Pending[]): number[] => found.map((p) => Number.parseInt(p.id, 16));
const pool = (maxCount = 40, maxBytes = 40_000) => new Mempool({ maxCount, maxBytes, maxHeld: maxCount });

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
    expect(m.add(tx(1, 100, 1))).toBe('added');
    expect(m.add(tx(1, 100, 1))).toBe('duplicate');
    expect(m.add(tx(2, 500, 2))).toBe('full');
    expect(m.add(tx(3, 100, 3))).toBe('added');
    expect(m.add(tx(4, 1, 4))).toBe('full');
  });
  it('a held place counts as taken, for all and for its signer, until it is filled or given back', () => {
    const m = new Mempool({ maxCount: 3, maxBytes: 10_000, maxHeld: 2 });
    const [one, two] = [m.hold(tx(1, 100, 1)), m.hold(tx(2, 100, 2))];
    expect(m.isBusy).toBe(true);
    if (typeof one === 'string' || typeof two === 'string') throw new Error('there was room');
    expect(m.fill(one, tx(1, 100, 1))).toBe('added');
    expect(m.add(tx(4, 100, 1))).toBe('share'); // one free place, and this signer has one
    m.release(two);
    expect(m.isBusy).toBe(false);
    expect(m.add(tx(4, 100, 1))).toBe('added');
    const again = m.hold(tx(1, 100, 9));
    if (typeof again === 'string') throw new Error('there was room');
    expect(m.hold(tx(5, 100, 5))).toBe('full');
    expect(m.fill(again, tx(1, 100, 9))).toBe('duplicate');
    expect(m.add(tx(5, 100, 5))).toBe('added');
    expect([m.size, m.bytes]).toEqual([3, 3 * entryBytes(tx(1))]);
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
  it('while no batch is made, what others order leaves nothing behind, however much comes and goes', () => {
    const m = pool();
    m.add(tx(1, 100, 1));
    for (let n = 2; n < 30_000; n += 10) {
      const some = Array.from({ length: 10 }, (_, i) => tx(n + i, 100, i));
      for (const t of some) m.add(t);
      m.remove(some.map((t) => t.id));
    }
    expect(m.places).toBeLessThan(5_000);
    m.add(tx(2, 100, 2));
    expect(ids(m.take(10, 10_000))).toEqual([1, 2]);
    expect(m.places).toBe(0);
  });
  it('its counts are those of what it holds, whatever happens', () => {
    const step = fc.record({ op: fc.constantFrom('add', 'take', 'back', 'remove'), n: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const m = pool(16, 4_000);
        const taken = new Set<string>();
        for (const { op, n } of steps) {
          if (op === 'add') m.add(tx(n, Math.max(70, n * 20), n % 3));
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

describe('K3 fair share', () => {
  const SIGNERS = [1, 2, 3];
  it("signers take turns, however many one of them sent first; each one's own stay in their order", () => {
    const m = pool(100);
    for (let n = 1; n <= 10; n++) m.add(tx(n, 100, 1));
    for (const n of [21, 22]) m.add(tx(n, 100, 2));
    m.add(tx(31, 100, 3));
    expect(ids(m.take(6, 10_000))).toEqual([1, 21, 31, 2, 22, 3]);
    m.add(tx(32, 100, 3));
    expect(ids(m.take(100, 10_000))).toEqual([4, 32, 5, 6, 7, 8, 9, 10]);
  });
  it('one signer has no more than is left for all others, and they go on', () => {
    const m = pool(100);
    const add = (by: number, count: number) =>
      Array.from({ length: count }, (_, i) => m.add(tx(by * 1_000 + i, 100, by))).filter((v) => v === 'added').length;
    expect(add(1, 100)).toBe(50);
    expect(m.add(tx(9_000, 100, 1))).toBe('share');
    expect(add(2, 100)).toBe(25);
    expect(add(3, 100)).toBe(13);
    m.remove(Array.from({ length: 50 }, (_, i) => tx(1_000 + i).id));
    expect(add(3, 100)).toBeGreaterThan(0);
  });
  it('bytes count as well: a few large ones are a share', () => {
    const m = pool(1_000, 10_000);
    const added = Array.from({ length: 10 }, (_, i) => m.add(tx(i, 1_000, 1)));
    expect(added.filter((v) => v === 'added').length).toBe(5);
    expect(m.add(tx(99, 200, 2))).toBe('added');
  });
  it('whoever has nothing here is let in until it is full', () => {
    const m = pool(5);
    expect([1, 2, 3, 4, 5, 6].map((by) => m.add(tx(by, 100, by)))).toEqual([...Array(5).fill('added'), 'full']);
  });
  it("what is put back keeps its place before the signer's later ones", () => {
    const m = pool();
    for (const [n, by] of [
      [1, 1],
      [2, 1],
      [11, 2],
      [3, 1],
    ] as const)
      m.add(tx(n, 100, by));
    const taken = m.take(3, 10_000);
    expect(ids(taken)).toEqual([1, 11, 2]);
    m.putBack(taken.map((t) => t.id));
    expect(ids(m.take(10, 10_000))).toEqual([11, 1, 2, 3]);
  });
  it('what is put back of many signers comes in the order in which it was, before all others', () => {
    const m = pool(100);
    for (let by = 1; by <= 9; by++) m.add(tx(by, 100, by));
    const taken = m.take(5, 10_000);
    m.putBack(taken.map((t) => t.id));
    expect(ids(m.take(20, 10_000))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
  it("each signer's are given out in the order of arrival and once, whatever happens between; nobody waits for more than one of another", () => {
    const step = fc.record({
      op: fc.constantFrom('add', 'add', 'take', 'back', 'remove'),
      by: fc.constantFrom(...SIGNERS),
      n: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const m = pool(64);
        let next = 1;
        const arrived = new Map<number, number[]>(SIGNERS.map((by) => [by, []]));
        const batches: number[][] = [];
        const by = (n: number) => SIGNERS.find((s) => arrived.get(s)?.includes(n)) as number;
        for (const { op, by: who, n } of steps) {
          if (op === 'add' && m.add(tx(next, 100, who)) === 'added') arrived.get(who)?.push(next);
          if (op === 'add') next++;
          if (op === 'take') {
            const waiting = new Map(
              SIGNERS.map((s) => [s, (arrived.get(s) ?? []).filter((x) => m.has(tx(x).id) && !batches.flat().includes(x))]),
            );
            const taken = ids(m.take(n, 1e6));
            for (const s of SIGNERS) {
              const own = taken.filter((x) => by(x) === s);
              expect(own).toEqual((waiting.get(s) ?? []).slice(0, own.length));
              const left = (waiting.get(s) ?? []).length - own.length;
              for (const other of SIGNERS)
                if (left > 0) expect(taken.filter((x) => by(x) === other).length).toBeLessThanOrEqual(own.length + 1);
            }
            batches.push(taken);
          }
          if (op === 'back') m.putBack((batches.pop() ?? []).map((x) => tx(x).id));
          if (op === 'remove') m.remove((batches.shift() ?? []).map((x) => tx(x).id));
        }
      }),
      { numRuns: 300 },
    );
  });
});
