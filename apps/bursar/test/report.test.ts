import { describe, expect, it } from '@jest/globals';
import { percentile, scheduledWaitMs } from '../src/demo/report.ts';

describe('percentile', () => {
  const cases: [readonly number[], number, number][] = [
    [[], 0.5, 0],
    [[7], 0.99, 7],
    [[3, 1, 2], 0.5, 2],
    [[1, 2, 3, 4], 0.5, 2],
    [[1, 2, 3, 4], 0.99, 4],
  ];
  it.each(cases)('of %j at %d is %d', (values, share, expected) => expect(percentile(values, share)).toBe(expected));
});

describe('the time in which nothing was due', () => {
  it('runs from the last receipt before a date to that date', () => {
    const receipts = [
      { dueMs: 0, paidMs: 1_200 },
      { dueMs: 0, paidMs: 1_500 },
      { dueMs: 6_000, paidMs: 6_300 },
    ];
    expect(scheduledWaitMs(receipts, 1_000)).toBe(4_500);
  });
  it('is nothing when the payments before are still being made at that date', () => {
    expect(
      scheduledWaitMs(
        [
          { dueMs: 0, paidMs: 7_000 },
          { dueMs: 6_000, paidMs: 6_300 },
        ],
        1_000,
      ),
    ).toBe(0);
  });
  it('is counted from the start when nothing was due before', () => {
    expect(scheduledWaitMs([{ dueMs: 6_000, paidMs: 6_300 }], 1_000)).toBe(5_000);
  });
  it('adds up over several dates', () => {
    expect(
      scheduledWaitMs(
        [
          { dueMs: 2_000, paidMs: 2_100 },
          { dueMs: 3_000, paidMs: 3_050 },
        ],
        1_500,
      ),
    ).toBe(500 + 900);
  });
});
