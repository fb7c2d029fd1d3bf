/** The plan of a campaign: a function of its seed, with so many kills, and never more than one validator at a time. */
import { describe, expect, it } from '@jest/globals';
import { killsOf, schedule } from '../campaign/schedule.ts';
import { readSettings } from '../campaign/settings.ts';

const plan = { validators: 4, executors: 2, leaseMs: 3_000 };

describe('the schedule', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(schedule(200, 7, plan)).toEqual(schedule(200, 7, plan));
    expect(schedule(200, 7, plan)).not.toEqual(schedule(200, 8, plan));
  });
  it.each([1, 2, 20, 200])('has %i kills', (kills) => {
    for (let seed = 1; seed <= 50; seed++) expect(schedule(kills, seed, plan).reduce((n, s) => n + killsOf(s), 0)).toBe(kills);
  });
  it('hits processes of one validator at most at a time, and all kinds in the end', () => {
    const strikes = schedule(2_000, 1, plan);
    for (const { names } of strikes) expect(new Set(names.flatMap((n) => /^validator-\d+/.exec(n) ?? [])).size).toBeLessThanOrEqual(1);
    const kinds = new Set(strikes.flatMap((s) => s.names.map((n) => n.replace(/^validator-\d+-/, ''))));
    const all = ['consensus', 'crypto-signing', 'nats-server', 'storage', 'treasury-executor', 'treasury-executor-2', 'validator-set'];
    expect([...kinds].sort()).toEqual(all);
    expect(strikes.some((s) => s.isFreeze && s.downMs > plan.leaseMs)).toBe(true);
  });
});

describe('what is asked for', () => {
  it('has defaults', () => expect(readSettings([])).toEqual({ kills: 20, seed: 1, items: 40, json: false, keep: false }));
  it.each([['--kills', '0'], ['--kills', 'x'], ['--seed', '1.5'], ['--items', '1001'], ['--what'], ['--kills']])(
    'refuses %s %s',
    (...args) => {
      expect(() => readSettings(args)).toThrow();
    },
  );
});
