import { describe, expect, it } from '@jest/globals';
import { runScenario } from '../src/index.ts';
import { tails } from '../src/world/disk.ts';
import { TWINS_CASES } from '../src/world/twins.ts';
import { sim, verdict } from './support/sim.ts';

describe('twins (four validators, one of them twice, two views)', () => {
  const { out } = sim('--validators', '4', '--blocks', '2', '--intensity', 'twins', '--seed', '1', '--seeds', String(TWINS_CASES));
  it('4 validators to double × 52 partitions in the first view × 52 in the second', () => {
    expect(TWINS_CASES).toBe(10_816);
    expect(verdict(out)).toBe('sound');
    expect(out.seeds).toBe(10_816);
  });
  it('forced views to change, blocks on either path, and showed both halves of equivocations', () => {
    expect(out.viewChanges).toBeGreaterThan(10_000);
    expect(Math.min(out.fast, out.slow, out.rejects['EquivocationDetected'] ?? 0)).toBeGreaterThan(1_000);
  });
});

describe('crash points (four validators, four heights, a change of view at the second)', () => {
  const fixed = { validators: 4, blocks: 4, intensity: 'crash points' } as const;
  const whole = runScenario({ ...fixed, seed: Number.MAX_SAFE_INTEGER });
  const calls = Object.values(whole.calls).reduce((a, b) => a + b, 0);
  it('without a crash the run is sound, changes a view, and makes every kind of call', () => {
    expect(whole.violation).toBeUndefined();
    expect(whole.viewChanges).toBeGreaterThan(0);
    expect(Object.keys(whole.calls).sort()).toEqual(
      ['append', 'sync', 'synced', 'sign', 'signed', 'broadcast', 'notify', 'obtain', 'commit', 'executed'].sort(),
    );
  });
  it('a crash at each call, with each state of the disk, breaks nothing', () => {
    const cases = calls * tails.length;
    const { out } = sim('--validators', '4', '--blocks', '4', '--intensity', 'crash points', '--seed', '1', '--seeds', String(cases));
    expect(verdict(out)).toBe('sound');
    expect(out.seeds).toBe(cases);
    expect(out.faults['restart']).toBe(cases);
    expect(out.faults['record torn']).toBeGreaterThan(calls / 4);
  });
});
