import { describe, expect, it } from '@jest/globals';
import { campaign, hunt, type Invariant, mutants } from '../src/index.ts';
import { soundChoice } from '../src/mutants/choice-mutants.ts';

/** What each planted bug breaks. All are rules of safety. */
const broken: Record<string, Invariant> = {
  'ties prefer votes': 'agreement',
  'votes ignore slowView': 'agreement',
  'any PreparedCert wins': 'agreement',
  'votes must share one view': 'agreement',
  'threshold too low': 'agreement',
  'threshold too high': 'agreement',
  'lowest PreparedCert': 'agreement',
  'votes only': 'agreement',
  'ViewChanges of another height': 'agreement',
  'quorum 2f + 1 at n = 3f + 2': 'certificate valid',
  'quorum of 2f': 'certificate valid',
  "PBFT's own view change": 'agreement',
  'fast quorum of 2f + 1': 'agreement',
  'fast quorum of n − 1': 'agreement',
  'forget lastVote': 'agreement',
  'forget PreparedCert': 'agreement',
  'accuse who votes in the view it entered': 'evidence is true',
  'overlook a double Prepare': 'evidence is found',
  'skip fsync': 'durable before visible',
};

describe('planted bugs', () => {
  it('are all in the table', () => {
    expect(mutants.map((m) => m.name).sort()).toEqual(Object.keys(broken).sort());
  });
  it.each(mutants.map((m) => [m.name, m] as const))('found: %s', (name, mutant) => {
    const { failure } = hunt(mutant, 1200);
    expect(failure?.violation).toMatchObject({ invariant: broken[name], safety: true });
  });
  it('the sound rule, written the way of the mutants, breaks nothing', () => {
    const scenario = { validators: 4, blocks: 6, intensity: 'view changes' as const, sabotage: { rules: { choose: soundChoice } } };
    expect(campaign(scenario, 1, 60).failure).toBeUndefined();
  });
});
