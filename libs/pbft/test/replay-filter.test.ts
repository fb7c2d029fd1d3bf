import { expect, it } from '@jest/globals';
import { ReplayFilter } from '../src/index.ts';

it('a replay within the window is one; after it, or with another key, it passes; the filter is bounded', () => {
  const filter = new ReplayFilter({ windowMs: 1_000, max: 3 });
  expect([filter.isRepeat('a', 0), filter.isRepeat('a', 999), filter.isRepeat('b', 999), filter.isRepeat('a', 1_000)]).toEqual([
    false,
    true,
    false,
    false,
  ]);
  for (let i = 0; i < 100; i++) filter.isRepeat(`k${i}`, 1_000);
  expect(filter.size).toBe(3);
});
