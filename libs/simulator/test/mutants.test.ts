import { describe, expect, it } from '@jest/globals';
import { editedSources, mutants } from '../src/index.ts';
import type { Hunt } from '../src/mutants/hunt.ts';
import { sim } from './support/sim.ts';

describe('planted bugs', () => {
  it.each(mutants.map((m) => [m.name, m] as const))('fits the code: %s', (_, { edits }) => {
    expect(editedSources(edits).size).toBeGreaterThan(0);
  });
  it('an edit that fits nothing, or twice, is refused', () => {
    const file = 'libs/pbft/src/choose.ts';
    expect(() => editedSources([{ file, find: 'no such text', put: '' }])).toThrow(/0 times/);
    expect(() => editedSources([{ file, find: 'digest', put: '' }])).toThrow(/times, not once/);
  });
});

describe('fresh campaigns', () => {
  const { status, out } = sim<readonly Hunt[]>('--mutants');
  it('are made for all of them', () => {
    expect(out.map((h) => h.name)).toEqual(mutants.map((m) => m.name));
    expect(status).toBe(0);
  });
  it.each(mutants.map((m) => [m.name, m] as const))('find: %s', (name, { seeds, breaks }) => {
    const hunt = out.find((h) => h.name === name);
    expect(breaks).toContain(hunt?.invariant);
    expect(hunt?.seed).toBeLessThanOrEqual(seeds);
  });
});
