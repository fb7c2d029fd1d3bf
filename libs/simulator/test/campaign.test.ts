import { describe, expect, it } from '@jest/globals';
import { campaign, command, runScenario, type Summary } from '../src/index.ts';
import { chaosKinds } from '../src/world/chaos.ts';

/** The report of a failure is the command that repeats it. */
const verdict = ({ failure }: Summary): string =>
  failure === undefined ? 'sound' : `${failure.violation?.message} Repeat with: ${command(failure)}`;

/** Everything that must have happened somewhere in the campaign, or it has shown nothing. */
const faultKinds = [
  ...chaosKinds,
  ...['dropped', 'delayed', 'reordered', 'doubled', 'cut off', 'withheld', 'attacked height', 'clock skew'],
  ...['restart', 'records lost', 'record torn', 'crash inside a call'],
  ...['equivocating leader', 'silent leader', 'double voter', 'selective sender', 'stale-view replayer', 'lying view-changer'],
  ...['lying new leader', 'digest squatter', 'everything'],
  ...['equivocation', 'silence', 'double vote', 'selection', 'replay', 'false view change', 'picked new view', 'squatted digest'],
];

describe('four validators under all faults', () => {
  const summary = campaign({ validators: 4, blocks: 100 }, 1, 300);
  it('agree and progress in 300 seeds of 100 blocks', () => {
    expect(verdict(summary)).toBe('sound');
    expect(summary.seeds).toBe(300);
    expect(summary.blocks).toBeGreaterThanOrEqual(300 * 100);
    expect(summary.viewChanges).toBeGreaterThan(1000);
  });
  it.each(faultKinds)('suffered: %s', (kind) => {
    expect(summary.faults[kind] ?? 0).toBeGreaterThan(0);
  });
});

describe('other networks', () => {
  const rows: [string, Parameters<typeof campaign>[0], number][] = [
    ['real signatures, messages as canonical bytes', { validators: 4, blocks: 100, signatures: 'ed25519' }, 10],
    ['views under attack', { validators: 4, blocks: 8, intensity: 'view changes' }, 100],
    ['n = 5 with views under attack', { validators: 5, blocks: 8, intensity: 'view changes' }, 20],
    ['n = 6 with views under attack', { validators: 6, blocks: 8, intensity: 'view changes' }, 20],
    ['n = 7', { validators: 7, blocks: 30 }, 10],
    ['n = 10', { validators: 10, blocks: 20 }, 3],
    ['stakes of 34, 34, 31 and 1', { validators: 4, stakes: [34, 34, 31, 1], blocks: 30 }, 20],
    ['one validator alone', { validators: 1, blocks: 30 }, 5],
    ['nothing goes wrong', { validators: 4, blocks: 50, intensity: 'calm' }, 3],
  ];
  it.each(rows)('%s', (_, scenario, seeds) => {
    expect(verdict(campaign(scenario, 1, seeds))).toBe('sound');
  });
  it('a calm network changes no view', () => {
    expect(campaign({ validators: 4, blocks: 50, intensity: 'calm' }, 1, 3).viewChanges).toBe(0);
  });
});

describe('a seed', () => {
  it.each([3, 17, 2 ** 40 + 5])('%i repeats to the last event', (seed) => {
    const run = () => runScenario({ validators: 4, blocks: 20, seed });
    const first = run();
    expect(run()).toEqual(first);
    expect(runScenario({ validators: 4, blocks: 20, seed: seed + 1 }).trace).not.toBe(first.trace);
  });
  it('is named in the command that repeats it', () => {
    const outcome = runScenario({ validators: 4, blocks: 2, seed: 123, intensity: 'view changes', stakes: [34, 34, 31, 1] });
    expect(command(outcome)).toBe("npm run sim -- --validators 4 --seed 123 --blocks 2 --stakes 34,34,31,1 --intensity 'view changes'");
  });
});
