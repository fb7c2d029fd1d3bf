import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../stress/load.ts';
import { reportOf } from '../stress/report.ts';
import { readSettings, type Settings } from '../stress/settings.ts';

const settings = readSettings(['--rate', '100', '--seconds', '1']) as Settings;
const outcomes = (count: number, ms: number | undefined, refused?: string, counts = true): Outcome[] =>
  Array.from({ length: count }, () => ({ counts, id: 'a'.repeat(64), ms, refused, accepted: true }));
const report = (all: readonly Outcome[]) =>
  reportOf(settings, {
    outcomes: all,
    seconds: 1,
    longestPauseMs: 0,
    before: [],
    after: [],
    byzantine: [],
    peakMiB: {},
    cores: {},
    counters: { passed: 0, dropped: 0, doubled: 0, delayed: 0, reordered: 0, connections: 0 },
    audit: { height: 1, stateRoot: '', executed: 0, offences: {}, problems: [] },
  });

describe('what a stress run came to (C15)', () => {
  it.each<[sentence: string, all: Outcome[], processed: number, dropped: number, p99Ms: number, missed: number]>([
    ['all became final', outcomes(100, 50), 100, 0, 50, 0],
    ['the warm-up does not count', [...outcomes(100, 50), ...outcomes(50, 9_000, undefined, false)], 100, 0, 50, 0],
    ['too slow', [...outcomes(90, 50), ...outcomes(10, 9_000)], 100, 0, 9_000, 1],
    ['too few', outcomes(70, 50), 70, 0, 50, 1],
    [
      'two of a hundred were lost: no percentile of the others hides it',
      [...outcomes(98, 50), ...outcomes(2, undefined)],
      98,
      2,
      Infinity,
      1,
    ],
    ['one of two hundred was lost', [...outcomes(199, 50), ...outcomes(1, undefined)], 199, 1, 50, 0],
    [
      'refused ones were answered: they miss in the rate alone',
      [...outcomes(90, 50), ...outcomes(10, undefined, 'RATE_LIMITED')],
      90,
      0,
      50,
      0,
    ],
  ])('%s', (_, all, processed, dropped, p99Ms, missed) => {
    const found = report(all);
    expect([found.processed, found.dropped, found.p99Ms, found.missed.length]).toEqual([processed, dropped, p99Ms, missed]);
  });
});
