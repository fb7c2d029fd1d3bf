import { describe, expect, it } from '@jest/globals';
import { sample } from '../bench/costs.ts';
import { slope } from '../bench/memory.ts';
import { meetsBar, percentile, type Row, shareOf, table } from '../bench/row.ts';

const row = (more: Partial<Row>): Row => ({ bench: 'b', what: 'figure', value: 90, unit: '/s', ...more });

describe('rows of the bench', () => {
  it.each([
    [90, { least: 80 }, true],
    [90, { least: 90 }, true],
    [90, { least: 91 }, false],
    [90, { most: 90 }, true],
    [90, { most: 89 }, false],
    [undefined, { most: 89 }, undefined],
    [90, undefined, undefined],
  ])('%p against the bar %p: met is %p', (value, bar, met) => {
    expect(meetsBar(row({ value, ...(bar ? { bar } : {}) }))).toBe(met);
  });
  it('a share never exceeds 100 %, whichever way the limit lies', () => {
    expect([shareOf(50, 200), shareOf(200, 50)]).toEqual([25, 25]);
  });
  it('show limit, peer, ratio and bar, and a figure that is missing says why', () => {
    const text = table([
      row({ limit: { value: 180, what: 'light' }, peer: { value: 60, what: 'them' }, bar: { least: 100 } }),
      row({ limit: { value: 100, what: 'light' } }),
      row({ value: undefined, why: 'no Go' }),
      row({ peer: { value: 0, what: 'them' } }),
    ]);
    expect(text).not.toContain('Infinity'); // a peer that stands still is no divisor
    expect(text).toContain('90.0 /s  180.0 [1]  50 %');
    expect(text).toContain('60.0 [2]  1.50×  ≥ 100.0 MISSED');
    expect(text).toContain('100.0 [1]  90 %');
    expect(text).toContain('– [3]');
    expect(text.split('\n').slice(-3)).toEqual(['[1] light', '[2] them', '[3] no Go']);
  });
  it('percentiles are values that were measured', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.5, 0.99].map((share) => percentile(values, share))).toEqual([1, 3, 5]);
  });
});

describe('readings', () => {
  const page = [
    '# HELP consensus_messages_accepted_total messages',
    'consensus_messages_accepted_total{kind="prepare"} 30',
    'consensus_messages_accepted_total{kind="commit"} 4e1',
    'consensus_messages_accepted_totals 7',
    'consensus_fast_share 0.5',
  ].join('\n');
  it.each([
    ['consensus_messages_accepted_total', '', 70],
    ['consensus_messages_accepted_total', 'kind="commit"', 40],
    ['consensus_fast_share', '', 0.5],
    ['consensus_nothing', '', 0],
  ])('%s with %p is %p', (name, label, value) => {
    expect(sample(page, name, label)).toBe(value);
  });
  it('growth is the slope of the line through all of them', () => {
    expect(slope([0, 1, 2, 3], [10, 12, 14, 16])).toBeCloseTo(2);
    expect(slope([0, 1, 2], [5, 5, 5])).toBe(0);
    expect(slope([1], [5])).toBeNaN();
  });
});
