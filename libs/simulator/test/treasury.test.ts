import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { editedSources, runTreasury, type TreasurySummary, treasuryFaults, treasuryMutants } from '../src/index.ts';
import type { Hunt } from '../src/mutants/hunt.ts';
import { sim } from './support/sim.ts';

/** Everything that must have happened somewhere in the campaign, or it has shown nothing. */
const faultKinds = [
  ...treasuryFaults,
  ...[
    'import',
    'revision',
    'cancel',
    'hold',
    'pause',
    'misdeed',
    'sending lost',
    'sending late',
    'sending doubled',
    'taken and lost',
    'answer lost',
  ],
  ...['journal copied', 'journal none', 'journal failed', 'stopped', 'breaker open', 'breaker half-open', 'breaker closed'],
  ...['lease', 'nonce', 'ready', 'outcome', 'submit', 'sync'].flatMap((call) => [`killed before ${call}`, `killed after ${call}`]),
  ...['killed at sign', 'killed at append'],
];
const verdicts = [
  ...['applied', 'reused', 'expired', 'fenced'],
  ...['batch SeqReused', 'batch BatchExpired', 'batch SeqGap', 'batch Fenced', 'batch Paused'],
  ...['item AlreadyExecuted', 'item AlreadyCancelled', 'item BodyStale', 'item WrongShard', 'item NotApproved', 'item NotDue', 'item Held'],
  ...['item BlockedByDependency', 'item OverLimit', 'item InsufficientFunds'],
];

describe('executors and ledger under all faults', () => {
  const { status, out } = sim<TreasurySummary>('--treasury', '--seeds', '400');
  it('pay exactly once what is approved, in 400 seeds', () => {
    expect(out.failure?.violation?.message ?? 'sound').toBe('sound');
    expect([status, out.seeds]).toEqual([0, 400]);
    expect(out.payments).toBeGreaterThan(15_000);
    expect(out.batches).toBeGreaterThan(8_000);
    expect(out.epochs).toBeGreaterThan(3_000);
  });
  it.each(faultKinds)('suffered: %s', (kind) => {
    expect(out.faults[kind] ?? 0).toBeGreaterThan(0);
  });
  it.each(verdicts)('met: %s', (kind) => {
    expect(out.verdicts[kind] ?? 0).toBeGreaterThan(0);
  });
});

describe('bugs planted in executor and ledger', () => {
  it.each(treasuryMutants.map((m) => [m.name, m] as const))('fits the code: %s', (_, { edits }) => {
    expect(editedSources(edits).size).toBeGreaterThan(0);
  });
  const { status, out } = sim<readonly Hunt[]>('--treasury', '--mutants');
  it('are hunted, all of them', () => {
    expect(out.map((h) => h.name)).toEqual(treasuryMutants.map((m) => m.name));
    expect(status).toBe(0);
  });
  it.each(treasuryMutants.map((m) => [m.name, m] as const))('found: %s', (name, { seeds, breaks }) => {
    const hunt = out.find((h) => h.name === name);
    expect(breaks).toContain(hunt?.invariant);
    expect(hunt?.seed).toBeLessThanOrEqual(seeds);
  });
});

describe('a seed of the treasury world', () => {
  it.each([3, 17, 2 ** 40 + 5])('%i repeats to the last event', async (seed) => {
    const first = await runTreasury({ seed });
    expect(await runTreasury({ seed })).toEqual(first);
    expect((await runTreasury({ seed: seed + 1 })).trace).not.toBe(first.trace);
  });
  it('is named in the command that repeats it, and the exit code tells a broken rule of safety', () => {
    const main = join(import.meta.dirname, '..', 'src', 'main.ts');
    const run = (...args: string[]) => spawnSync(process.execPath, [main, '--treasury', ...args], { encoding: 'utf8', env: {} });
    const broken = run('--seed', '1', '--mutant', 'journal after send');
    expect(broken.status).toBe(70);
    expect(broken.stdout).toContain("Repeat with: npm run sim -- --treasury --seed 1 --mutant 'journal after send' --trace");
    expect(run('--seed', '0').status).toBe(64);
  });
});
