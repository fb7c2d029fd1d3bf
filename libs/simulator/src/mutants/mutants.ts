/** Bugs planted on purpose. The campaign must find each: a simulator that finds nothing proves nothing. */
import { contradiction, type Statement } from '@bursar/protocol';
import { choiceMutants } from './choice-mutants.ts';
import type { Mutant } from './mutant.ts';

const entering = (s: Statement): Statement => (s.phase === 'view-change' ? { ...s, view: s.view + 1 } : s);

const others: readonly Mutant[] = [
  {
    name: 'ViewChanges of another height',
    bug: 'A ViewChange counts at whatever height is open.',
    sabotage: { rules: { countsViewChange: () => true } },
    validators: 4,
    blocks: 6,
    hint: 84,
    intensity: 'view changes',
  },
  {
    name: 'quorum 2f + 1 at n = 3f + 2',
    bug: 'Two quorums of 3 in 5 share one validator, and that one may be faulty.',
    sabotage: { rules: { isQuorum: (set, stake) => stake >= 2n * set.faulty + 1n } },
    validators: 5,
    blocks: 6,
    hint: 1,
    intensity: 'view changes',
  },
  {
    name: 'quorum of 2f',
    bug: 'One vote too few.',
    sabotage: { rules: { isQuorum: (set, stake) => stake >= set.quorum - 1n } },
    validators: 4,
    blocks: 6,
    hint: 1,
    intensity: 'view changes',
  },
  {
    name: 'fast quorum of 2f + 1',
    bug: 'Prepares of a quorum are final at once.',
    sabotage: { rules: { isAll: (set, stake) => stake >= 2n * set.faulty + 1n }, fast: 3 },
    validators: 4,
    blocks: 6,
    hint: 11,
    intensity: 'view changes',
  },
  {
    name: 'fast quorum of n − 1',
    bug: 'One Prepare may be missing from a fast certificate.',
    sabotage: { rules: { isAll: (set, stake) => stake >= set.total - 1n }, fast: 4 },
    validators: 5,
    blocks: 6,
    hint: 5,
    intensity: 'view changes',
  },
  {
    name: 'forget lastVote',
    bug: 'A ViewChange does not say what was prepared last.',
    sabotage: { rules: { reportVotes: ({ prepared }) => ({ lastVote: undefined, prepared }) } },
    validators: 4,
    blocks: 6,
    hint: 1,
    intensity: 'view changes',
  },
  {
    name: 'forget PreparedCert',
    bug: 'A ViewChange does not carry its PreparedCert.',
    sabotage: { rules: { reportVotes: ({ lastVote }) => ({ lastVote, prepared: undefined }) } },
    validators: 4,
    blocks: 6,
    hint: 36,
    intensity: 'view changes',
  },
  {
    name: 'accuse who votes in the view it entered',
    bug: 'A Prepare after the ViewChange into its view counts as forgotten.',
    sabotage: { rules: { contradiction: (a, b) => contradiction(entering(a), entering(b)) } },
    validators: 4,
    blocks: 6,
    hint: 1,
    intensity: 'view changes',
  },
  {
    name: 'overlook a double Prepare',
    bug: 'Two Prepares of one view are no evidence.',
    sabotage: { rules: { contradiction: (a, b) => (a.phase === 'prepare' && b.phase === 'prepare' ? undefined : contradiction(a, b)) } },
    validators: 4,
    blocks: 6,
    hint: 1,
    intensity: 'view changes',
  },
  {
    name: 'skip fsync',
    bug: 'The disk says that it has synced and has not.',
    sabotage: { lyingDisk: true },
    validators: 4,
    blocks: 10,
    hint: 1,
    intensity: 'all faults',
  },
];

export const mutants: readonly Mutant[] = [...choiceMutants, ...others];
