/** Broken variants of the choice rule of the view change: each lets two blocks become final at one height. */
import type { Edit, Mutant } from './mutant.ts';

const file = 'libs/pbft/src/choose.ts';
const COUNTS = '    if (lastVote === undefined || lastVote.view <= slowView) continue;';
const HIGHEST = 'prepared.view > (slow?.view ?? -1)) slow = prepared;';
const ADD = '    stakes.set(lastVote.digest, (stakes.get(lastVote.digest) ?? 0n) + stakeOf(set, [validator]));';
const DECIDE = '  for (const [digest, stake] of stakes) if (stake >= threshold) return { digest, claimants: claimantsOf(claims, digest) };';

/** Only the fork itself counts: that the choice is another one than the oracle's is plain. */
const mutant = (name: string, seeds: number, bug: string, ...edits: readonly Omit<Edit, 'file'>[]): Mutant => ({
  name,
  bug,
  edits: edits.map((e) => ({ file, ...e })),
  scenario: { validators: 4, blocks: 6, intensity: 'view changes', forksOnly: true },
  seeds,
  breaks: ['agreement'],
});

export const choiceMutants: readonly Mutant[] = [
  mutant('ties prefer votes', 2000, 'A lastVote of slowView itself outweighs the PreparedCert.', {
    find: COUNTS,
    put: COUNTS.replace('<=', '<'),
  }),
  mutant('votes ignore slowView', 2000, 'Votes older than the PreparedCert outweigh it.', {
    find: COUNTS,
    put: '    if (lastVote === undefined) continue;',
  }),
  mutant('any PreparedCert wins', 2000, 'A PreparedCert beats newer votes of everybody.', {
    find: COUNTS,
    put: '    if (lastVote === undefined || slow !== undefined) continue;',
  }),
  mutant(
    'votes must share one view',
    2000,
    'Votes for one digest of different views are not added up.',
    {
      find: ADD,
      put: ADD.replace('stakes.set(lastVote.digest', 'stakes.set(lastVote.view + lastVote.digest').replace(
        'stakes.get(lastVote.digest)',
        'stakes.get(lastVote.view + lastVote.digest)',
      ),
    },
    { find: DECIDE, put: DECIDE.replace('[digest, stake] of stakes', '[digest, stake] of [...stakes].map(([k, v]) => [k.slice(-64), v])') },
  ),
  mutant('threshold too low', 2000, 'stake(S) − 2f makes a digest mandatory.', {
    find: '    ) - set.faulty;',
    put: '    ) - 2n * set.faulty;',
  }),
  mutant('threshold too high', 2000, 'A digest needs more than stake(S) − f.', { find: DECIDE, put: DECIDE.replace('>=', '>') }),
  mutant('lowest PreparedCert', 2000, 'The PreparedCert of the lowest view counts.', {
    find: HIGHEST,
    put: 'prepared.view < (slow?.view ?? Infinity)) slow = prepared;',
  }),
  mutant("PBFT's own view change", 1000, 'Votes that were never prepared are not looked at: what all prepared is lost.', {
    find: COUNTS,
    put: '    continue;',
  }),
  mutant('votes only', 2000, 'PreparedCerts are not looked at.', {
    find: HIGHEST,
    put: 'prepared.view > Infinity) slow = prepared;',
  }),
];
