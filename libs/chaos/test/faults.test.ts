import { Random } from '@bursar/simulator';
import { describe, expect, it } from '@jest/globals';
import { covers, type Direction, type Fault, fateOf, partition } from '../src/faults.ts';

const VOTE = 'bursar.0123456789abcdef.consensus.v1.vote.2';
const STREAM = '$JS.API.STREAM.INFO.events';

describe('what befalls a message', () => {
  const once = (f: Fault, direction: Direction, subject: string, sinceMs = 0) => fateOf([f], direction, subject, sinceMs, new Random(1));
  it.each<[string, Fault, Direction, string, number, number]>([
    ['a vote is lost by default', { drop: 1 }, 'in', VOTE, 0, 0],
    ['what JetStream needs is not', { drop: 1 }, 'in', STREAM, 0, 1],
    ['unless it is named', { drop: 1, subjects: ['$JS.>'] }, 'in', STREAM, 0, 0],
    ['a named subject leaves the others alone', { drop: 1, subjects: ['$JS.>'] }, 'in', VOTE, 0, 1],
    ['a direction leaves the other alone', { drop: 1, direction: 'out' }, 'in', VOTE, 0, 1],
    ['before its window nothing happens (C16)', { drop: 1, window: { startMs: 10, endMs: 20 } }, 'in', VOTE, 9, 1],
    ['at its start it happens', { drop: 1, window: { startMs: 10, endMs: 20 } }, 'in', VOTE, 10, 0],
    ['at its end no more', { drop: 1, window: { startMs: 10, endMs: 20 } }, 'in', VOTE, 20, 1],
    ['doubling makes two', { double: 1 }, 'in', VOTE, 0, 2],
    ['a dropped one is not doubled', { drop: 1, double: 1 }, 'in', VOTE, 0, 0],
    ['a partition cuts the votes of those on the other side', partition([2]), 'in', VOTE, 0, 0],
    ['and requests to them', partition([2]), 'out', VOTE.replace('vote.2', 'fetch.2.1'), 0, 0],
    ['and requests of theirs', partition([2]), 'in', VOTE.replace('vote.2', 'fetch.1.2'), 0, 0],
    ['and not those of the others', partition([2]), 'in', VOTE.replace('vote.2', 'fetch.1.3'), 0, 1],
    ['and nobody else', partition([1, 3]), 'in', VOTE, 0, 1],
  ])('%s', (_, fault, direction, subject, sinceMs, copies) => {
    expect(once(fault, direction, subject, sinceMs).copies).toBe(copies);
  });
  it('delays everything, JetStream included, and faults add up', () => {
    expect(fateOf([{ delayMs: 5 }, { delayMs: 7, jitterMs: 4 }], 'in', STREAM, 0, new Random(1)).delayMs).toBeGreaterThanOrEqual(12);
  });
  it('happens as often as it is likely, and the same seed gives the same', () => {
    const run = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 10_000 }, () => fateOf([{ drop: 0.05 }], 'in', VOTE, 0, random).copies);
    };
    const dropped = run(1).filter((c) => c === 0).length;
    expect(dropped).toBeGreaterThan(400);
    expect(dropped).toBeLessThan(600);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});

describe('a NATS pattern', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.*', 'a', false],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
  ])('%s against %s: %s', (pattern, subject, expected) => {
    expect(covers(pattern, subject)).toBe(expected);
  });
});
