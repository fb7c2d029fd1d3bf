import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { command, runScenario, type Summary } from '../src/index.ts';
import { chaosKinds } from '../src/world/chaos.ts';

/** The program itself, as `npm run sim` starts it: under jest's module loader the same work takes three times as long. */
function sim(args: string): { status: number | null; summary: Summary } {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const { status, stdout } = spawnSync(process.execPath, [main, '--json', ...args.split(' ').map((a) => a.replaceAll('_', ' '))], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return { status, summary: JSON.parse(stdout) as Summary };
}
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
  const { status, summary } = sim('--validators 4 --blocks 100 --seeds 300');
  it('agree and progress in 300 seeds of 100 blocks', () => {
    expect(verdict(summary)).toBe('sound');
    expect(status).toBe(0);
    expect(summary.seeds).toBe(300);
    expect(summary.blocks).toBeGreaterThanOrEqual(300 * 100);
    expect(summary.viewChanges).toBeGreaterThan(1000);
    expect(summary.fast).toBeGreaterThan(1000);
    expect(summary.slow).toBeGreaterThan(1000);
    expect(summary.accusations).toBeGreaterThan(1000);
  });
  it.each(faultKinds)('suffered: %s', (kind) => {
    expect(summary.faults[kind] ?? 0).toBeGreaterThan(0);
  });
});

describe('other networks', () => {
  it.each([
    ['real signatures, messages as canonical bytes', '--validators 4 --blocks 100 --seeds 10 --real-signatures'],
    ['views under attack', '--validators 4 --blocks 8 --seeds 150 --intensity=view_changes'],
    ['n = 5 with views under attack', '--validators 5 --blocks 8 --seeds 50 --intensity=view_changes'],
    ['n = 6 with views under attack', '--validators 6 --blocks 8 --seeds 50 --intensity=view_changes'],
    ['n = 7', '--validators 7 --blocks 30 --seeds 10'],
    ['n = 10', '--validators 10 --blocks 20 --seeds 3'],
    ['stakes of 34, 34, 31 and 1', '--stakes 34,34,31,1 --blocks 30 --seeds 20'],
    ['one validator alone', '--validators 1 --blocks 30 --seeds 5'],
  ])('%s', (_, args) => {
    expect(verdict(sim(args).summary)).toBe('sound');
  });
  it.each(['--validators 4', '--validators 7', '--stakes 3,1,1,1,1'])(
    'calm, %s: no view is changed and every block is on the fast path',
    (who) => {
      const { summary } = sim(`${who} --blocks 50 --seeds 10 --intensity=calm`);
      expect(verdict(summary)).toBe('sound');
      expect([summary.viewChanges, summary.slow]).toEqual([0, 0]);
      expect(summary.fast).toBeGreaterThanOrEqual(500);
    },
  );
});

describe('exit codes', () => {
  it('70 for a broken rule of safety', () => {
    expect(sim('--mutant forget_lastVote --seeds 50').status).toBe(70);
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
