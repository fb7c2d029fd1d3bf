import { describe, expect, it } from '@jest/globals';
import { command, runScenario } from '../src/index.ts';
import { chaosKinds } from '../src/world/chaos.ts';
import { sim, verdict } from './support/sim.ts';

/** Everything that must have happened somewhere in the campaign, or it has shown nothing. */
const faultKinds = [
  ...chaosKinds,
  ...['dropped', 'delayed', 'reordered', 'doubled', 'cut off', 'withheld', 'attacked height', 'clock skew'],
  ...['restart', 'records lost', 'record torn', 'crash inside a call'],
  ...['equivocating leader', 'silent leader', 'double voter', 'selective sender', 'stale-view replayer', 'lying view-changer'],
  ...['lying new leader', 'digest squatter', 'batch cheat', 'forger', 'everything'],
  ...['equivocation', 'silence', 'double vote', 'selection', 'replay', 'false view change', 'picked new view', 'squatted digest'],
  ...['cheating batches', 'forged header', 'forged certificate', 'thin certificate', 'thin new view'],
];

describe.each([4, 7])('%i validators under all faults', (n) => {
  const { status, out } = sim('--validators', String(n), '--blocks', '200', '--seeds', '1000');
  it('agree and progress in 1,000 seeds of 200 blocks', () => {
    expect(verdict(out)).toBe('sound');
    expect(status).toBe(0);
    expect(out.seeds).toBe(1000);
    expect(out.blocks).toBeGreaterThanOrEqual(1000 * 200);
    expect(out.viewChanges).toBeGreaterThan(10_000);
    expect(out.fast).toBeGreaterThan(10_000);
    expect(out.slow).toBeGreaterThan(10_000);
    expect(out.accusations).toBeGreaterThan(10_000);
  });
  it.each(faultKinds)('suffered: %s', (kind) => {
    expect(out.faults[kind] ?? 0).toBeGreaterThan(0);
  });
});

describe('other networks', () => {
  const rows: [sentence: string, ...args: string[]][] = [
    ['real signatures, messages as canonical bytes', '--validators', '4', '--blocks', '50', '--seeds', '20', '--real-signatures'],
    ['views under attack', '--validators', '4', '--blocks', '8', '--seeds', '300', '--intensity', 'view changes'],
    ['n = 5 with views under attack', '--validators', '5', '--blocks', '8', '--seeds', '60', '--intensity', 'view changes'],
    ['n = 6 with views under attack', '--validators', '6', '--blocks', '8', '--seeds', '60', '--intensity', 'view changes'],
    ['n = 7 with views under attack', '--validators', '7', '--blocks', '8', '--seeds', '60', '--intensity', 'view changes'],
    ['a network slower than the base time-out', '--validators', '4', '--blocks', '6', '--seeds', '40', '--intensity', 'slow network'],
    ['n = 5', '--validators', '5', '--blocks', '60', '--seeds', '30'],
    ['n = 6', '--validators', '6', '--blocks', '60', '--seeds', '30'],
    ['n = 8', '--validators', '8', '--blocks', '30', '--seeds', '12'],
    ['n = 9', '--validators', '9', '--blocks', '30', '--seeds', '12'],
    ['n = 10', '--validators', '10', '--blocks', '30', '--seeds', '12'],
    ['n = 31', '--validators', '31', '--blocks', '8', '--seeds', '4'],
    ['n = 100', '--validators', '100', '--blocks', '2', '--seeds', '1', '--intensity', 'view changes'],
    ['stakes of 34, 34, 31 and 1', '--stakes', '34,34,31,1', '--blocks', '60', '--seeds', '40'],
    ['stakes of 10, 10, 10, 5, 5, 5 and 1', '--stakes', '10,10,10,5,5,5,1', '--blocks', '40', '--seeds', '20'],
    ['one validator alone', '--validators', '1', '--blocks', '30', '--seeds', '5'],
  ];
  it.each(rows)('%s', (_, ...args) => {
    expect(verdict(sim(...args).out)).toBe('sound');
  });
  it.each([
    ['4 validators', '--validators', '4'],
    ['7 validators', '--validators', '7'],
    ['a large one among five', '--stakes', '3,1,1,1,1'],
  ])('calm, %s: no view is changed, nothing is refused, and every block is on the fast path', (_, ...who) => {
    const { out } = sim(...who, '--blocks', '50', '--seeds', '10', '--intensity', 'calm');
    expect(verdict(out)).toBe('sound');
    expect([out.viewChanges, out.slow]).toEqual([0, 0]);
    expect(out.fast).toBeGreaterThanOrEqual(500);
  });
});

describe('one validator that loses storage, consensus log or both, again and again', () => {
  it.each([
    [4, 300],
    [7, 60],
  ])('n = %i: it catches up, contradicts nothing that it said, and votes again', (n, seeds) => {
    const { out } = sim('--validators', String(n), '--blocks', '30', '--seeds', String(seeds), '--intensity', 'lost disks');
    expect(verdict(out)).toBe('sound');
    for (const lost of ['lost storage', 'lost log', 'lost storage and log']) expect(out.faults[lost] ?? 0).toBeGreaterThan(seeds / 2);
    expect(out.rejects['LogBehind'] ?? 0).toBeGreaterThan(seeds / 2);
  });
});

describe('exit codes', () => {
  it('70 for a broken rule of safety', () => {
    expect(sim('--mutant', 'forget lastVote', '--seeds', '100').status).toBe(70);
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
