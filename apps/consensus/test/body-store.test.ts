import { describe, expect, it } from '@jest/globals';
import { type Body, BodyStore } from '../src/core/body-store.ts';

const digestOf = (n: number): string => n.toString(16).padStart(64, '0');
const body = (origin: number, number: number, more: Partial<Body['ref']> = {}): Body => ({
  ref: { origin, number, digest: digestOf(origin * 1_000 + number), bytes: 100, transactions: 1, expiresAt: 1_000, ...more },
  encoded: new Uint8Array(100),
  signature: new Uint8Array(64),
  ids: new Uint8Array(32),
  traceparents: [],
});
const store = () => new BodyStore([1, 1], 0, { window: 4, bytesPerOrigin: 350, pinnedBlocks: 2 });

describe('body store', () => {
  const verdicts: [sentence: string, body: Body, verdict: string][] = [
    ['the next one is held', body(0, 2), 'held'],
    ['the same again is a duplicate', body(0, 1), 'duplicate'],
    ['one below the next is old', body(1, 0), 'old'],
    ['one beyond the window is early', body(0, 5), 'early'],
    ['of an origin that does not exist: old', body(7, 1), 'old'],
    ['another one of the same number is a conflict', body(0, 1, { digest: digestOf(99) }), 'conflict'],
    ['beyond the bytes of its origin: full', body(0, 2, { bytes: 300 }), 'full'],
  ];
  it.each(verdicts)('%s', (_, given, verdict) => {
    const s = store();
    s.hold(body(0, 1));
    expect(s.hold(given)).toBe(verdict);
  });
  it('offers each origin without gaps and nothing that has expired', () => {
    const s = store();
    for (const b of [body(0, 1), body(0, 3), body(1, 1), body(1, 2, { expiresAt: 10 })]) s.hold(b);
    expect(s.offer(8).map((r) => [r.origin, r.number])).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
    ]);
    s.advance(1, [], 11);
    expect(s.offer(8).map((r) => [r.origin, r.number])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(s.offer(0)).toEqual([]);
  });
  it('one that expired by ledger time gives way to another of its number', () => {
    const s = store();
    s.hold(body(0, 1, { expiresAt: 10 }));
    expect(s.hold(body(0, 1, { digest: digestOf(99) }))).toBe('conflict');
    s.advance(1, [], 11);
    expect(s.hold(body(0, 1, { digest: digestOf(99) }))).toBe('held');
    expect(s.size).toBe(1);
  });
  it('what a block ordered is gone, and its bytes are free', () => {
    const s = store();
    for (const n of [1, 2, 3]) s.hold(body(0, n));
    s.advance(1, [body(0, 1).ref, body(0, 2).ref], 0);
    expect(s.next(0)).toBe(3);
    expect(s.size).toBe(1);
    expect(s.hold(body(0, 4))).toBe('held');
    expect(s.hold(body(0, 5))).toBe('held');
  });
  it('a block keeps its bodies beside the windows until its height is over', () => {
    const s = store();
    s.pin('b7', 7, [body(0, 9)], false);
    s.advance(6, [], 0);
    expect(s.find(body(0, 9).ref.digest)).toBeDefined();
    s.advance(7, [], 0);
    expect(s.find(body(0, 9).ref.digest)).toBeUndefined();
  });
  it('of proposed blocks only the newest are kept, certified ones all', () => {
    const s = store();
    s.pin('final', 1, [body(1, 9)], true);
    for (const n of [5, 6, 7]) s.pin(`b${n}`, 1, [body(0, n)], false);
    const kept = [5, 6, 7].map((n) => s.find(body(0, n).ref.digest) !== undefined);
    expect([...kept, s.find(body(1, 9).ref.digest) !== undefined]).toEqual([false, true, true, true]);
  });
  it('a body of two blocks stays as long as one of them does', () => {
    const s = store();
    s.pin('a', 1, [body(0, 9)], true);
    s.pin('b', 2, [body(0, 9)], true);
    s.advance(1, [], 0);
    expect(s.size).toBe(1);
    s.advance(2, [], 0);
    expect(s.size).toBe(0);
  });
});
