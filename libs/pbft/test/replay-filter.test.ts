import { describe, expect, it } from '@jest/globals';
import { ReplayFilter } from '../src/index.ts';
import { Bench } from './support/bench.ts';

const b = new Bench(3);
const [from, other] = b.peers as [number, number];
const a = 'a'.repeat(64);
const filter = () => new ReplayFilter({ windowMs: 1_000, max: 3 });

describe('C5 gate 4', () => {
  it.each([
    ['the same message within the window', b.prepare(from, 0, a), 1, 999, true],
    ['after the window', b.prepare(from, 0, a), 1, 1_000, false],
    ['when the clock was set back', b.prepare(from, 0, a), 1, -1, false],
    ['of another sender', b.prepare(other, 0, a), 1, 10, false],
    ['of another phase', b.commit(from, 0, a), 1, 10, false],
    ['of another view', b.prepare(from, 1, a), 1, 10, false],
    ['of another digest: the second half of an equivocation', b.prepare(from, 0, 'b'.repeat(64)), 1, 10, false],
    ['at a height that is over: it is a question', b.prepare(from, 0, a), 2, 10, false],
  ] as const)('%s', (_, message, openHeight, afterMs, isRepeat) => {
    const f = filter();
    f.accepted(b.prepare(from, 0, a), 5_000);
    expect(f.isRepeat(message, openHeight, 5_000 + afterMs)).toBe(isRepeat);
  });

  it('a ViewChange is never a repeat, and what was only looked at is not remembered', () => {
    const f = filter();
    f.accepted(b.viewChange(from, 1), 0);
    expect(f.isRepeat(b.viewChange(from, 1), 1, 1)).toBe(false);
    expect([f.isRepeat(b.prepare(from, 0, a), 1, 1), f.isRepeat(b.prepare(from, 0, a), 1, 2)]).toEqual([false, false]);
  });

  it('is bounded', () => {
    const f = filter();
    for (let view = 0; view < 100; view++) f.accepted(b.prepare(from, view, a), 1_000);
    expect(f.size).toBe(3);
  });
});
