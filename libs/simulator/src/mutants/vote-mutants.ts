/** Bugs in quorums, certificates, and in what a validator says of its votes. */
import type { Edit, Mutant } from './mutant.ts';

const stake = 'libs/membership/src/stake.ts';
const QUORUM = 'stake >= set.quorum;';
const ALL = 'stake >= set.total;';
const commit = (find: string, put: string): Edit => ({ file: 'libs/pbft/src/commit.ts', find, put });
/** Messages of this kind are weighed by gates 5 and 6 only, which those that wait or are wanted do not pass. */
const weighedOnlyWhereItCounts = (kind: string): readonly Edit[] => {
  const onMessage = (find: string, put: string): Edit => ({ file: 'libs/pbft/src/on-message.ts', find, put });
  return [
    onMessage('const weighed = stakeGate(', `const weighed = m.kind === '${kind}' ? m : stakeGate(`),
    onMessage(
      ': quorumGate(s, inPhase);',
      ": typeof stakeGate(t.params.set, t.rules, m) === 'string' ? 'QuorumNotReached' : quorumGate(s, inPhase);",
    ),
  ];
};
const attacked = { validators: 4, blocks: 6, intensity: 'view changes' } as const;

export const voteMutants: readonly Mutant[] = [
  {
    name: 'accuse who votes in the view it entered',
    bug: 'A Prepare after the ViewChange into its view counts as forgotten.',
    edits: [{ file: 'libs/protocol/src/evidence.ts', find: 'vote.view >= left.view', put: 'vote.view > left.view' }],
    scenario: attacked,
    seeds: 20,
    breaks: ['evidence is true'],
  },
  {
    name: 'overlook a double Prepare',
    bug: 'Two Prepares of one view are no evidence.',
    edits: [
      {
        file: 'libs/protocol/src/evidence.ts',
        find: 'return a.view === b.view && a.digest',
        put: "return a.phase !== 'prepare' && a.view === b.view && a.digest",
      },
    ],
    scenario: attacked,
    seeds: 20,
    breaks: ['evidence is found'],
  },
  {
    name: 'quorum 2f + 1 at n = 3f + 2',
    bug: 'Two quorums of 3 in 5 share one validator, and that one may be faulty.',
    edits: [{ file: stake, find: QUORUM, put: 'stake >= 2n * set.faulty + 1n;' }],
    scenario: { ...attacked, validators: 5 },
    seeds: 20,
    breaks: ['certificate valid', 'agreement', 'new view'],
  },
  {
    name: 'quorum of 2f',
    bug: 'One vote too few.',
    edits: [{ file: stake, find: QUORUM, put: 'stake >= set.quorum - 1n;' }],
    scenario: attacked,
    seeds: 20,
    breaks: ['certificate valid', 'agreement', 'new view'],
  },
  {
    name: 'fast quorum of 2f + 1',
    bug: 'Prepares of a quorum are final at once.',
    edits: [{ file: stake, find: ALL, put: 'stake >= 2n * set.faulty + 1n;' }],
    scenario: { ...attacked, fast: 3 },
    seeds: 1000,
    breaks: ['agreement'],
  },
  {
    name: 'fast quorum of n − 1',
    bug: 'One Prepare may be missing from a fast certificate.',
    edits: [{ file: stake, find: ALL, put: 'stake >= set.total - 1n;' }],
    scenario: { ...attacked, validators: 5, fast: 4 },
    seeds: 1000,
    breaks: ['agreement'],
  },
  {
    name: 'votes for any digest count',
    bug: 'Prepares for one block are added up with those for another.',
    edits: [{ file: 'libs/pbft/src/tally.ts', find: 'if (v?.vote.digest === digest) stake', put: 'if (v !== undefined) stake' }],
    scenario: attacked,
    seeds: 300,
    breaks: ['certificate valid', 'agreement'],
  },
  {
    name: 'certificates are not verified',
    bug: 'The bitmap of a certificate is believed, its signatures are not looked at.',
    edits: [
      {
        file: 'libs/membership/src/verify-certificate.ts',
        find: 'open.signatures.every((s) => verifier.verify(s.publicKey, s.message, s.signature))',
        put: 'true',
      },
    ],
    scenario: { validators: 4, blocks: 10 },
    seeds: 1000,
    breaks: ['certificate valid', 'agreement'],
  },
  {
    name: 'early certificates are not weighed',
    bug: 'A PrePrepare of the next height makes this one final by a certificate of less than a quorum.',
    edits: weighedOnlyWhereItCounts('pre-prepare'),
    scenario: { validators: 4, blocks: 30 },
    seeds: 1000,
    breaks: ['certificate valid', 'agreement'],
  },
  {
    name: 'named ViewChanges are not weighed',
    bug: 'What a ViewChange that a NewView names shows as prepared need not have a quorum.',
    edits: weighedOnlyWhereItCounts('view-change'),
    scenario: { validators: 4, blocks: 30 },
    seeds: 1000,
    breaks: ['certificate valid', 'agreement'],
  },
  {
    name: 'ViewChanges of another height',
    bug: 'A ViewChange counts at whatever height is open.',
    edits: [{ file: 'libs/pbft/src/rules.ts', find: 'vote.height === openHeight', put: 'true' }],
    scenario: { ...attacked, forksOnly: true },
    seeds: 1000,
    breaks: ['agreement'],
  },
  {
    name: 'NewView not recomputed',
    bug: 'A leader may propose what it likes in a view whose ViewChanges bind it.',
    edits: [{ file: 'libs/pbft/src/accept-proposal.ts', find: ": 'ConflictingVotes')", put: ': undefined)' }],
    scenario: attacked,
    seeds: 1000,
    breaks: ['agreement', 'one prepared digest', 'new view'],
  },
  {
    name: 'NewView of too few',
    bug: 'Nobody counts the ViewChanges that a NewView names.',
    edits: [
      {
        file: 'libs/pbft/src/check-message.ts',
        find: "return needs.isQuorum(set, stakeOf(set, named)) ? undefined : 'QuorumNotReached';",
        put: 'return undefined;',
      },
      {
        file: 'libs/pbft/src/new-view.ts',
        find: '!t.rules.isQuorum(t.params.set, stakeOf(t.params.set, set.map(signerOf)))',
        put: 'false',
      },
    ],
    scenario: attacked,
    seeds: 300,
    breaks: ['new view', 'agreement'],
  },
  {
    name: 'forget lastVote',
    bug: 'A ViewChange does not say what was prepared last.',
    edits: [{ file: 'libs/pbft/src/report-votes.ts', find: 'lastVote: memory.lastVote', put: 'lastVote: undefined' }],
    scenario: { ...attacked, forksOnly: true },
    seeds: 300,
    breaks: ['agreement'],
  },
  {
    name: 'forget PreparedCert',
    bug: 'A ViewChange does not carry its PreparedCert.',
    edits: [{ file: 'libs/pbft/src/report-votes.ts', find: 'prepared: memory.prepared', put: 'prepared: undefined' }],
    scenario: { ...attacked, forksOnly: true },
    seeds: 1000,
    breaks: ['agreement'],
  },
  {
    name: 'votes in a view that was left',
    bug: 'After ViewChange(v + 1) a quorum of Prepares of view v still gets our Commit.',
    edits: [
      commit(
        'const prepares = s.tallies.get(s.view)?.prepares;',
        `const prepares = [s.tallies.get(s.view), s.tallies.get(s.view - 1)]
          .map((y) => y?.prepares)
          .find((p) => p?.quorum !== undefined && p.votes.find((v) => v !== undefined).vote.view > (s.prepared?.view ?? -1));`,
      ),
      commit('digest === undefined || s.prepared?.view === s.view', 'digest === undefined'),
      commit("if (s.standing === 'changing')", "if (s.standing === 'changing' && certificate.view === s.view)"),
      commit("const vote = ownVote(t, 'commit', digest);", "const vote = { ...ownVote(t, 'commit', digest), view: certificate.view };"),
      {
        file: 'libs/pbft/src/gate-phase.ts',
        find: "m.kind === 'commit' ? s.view - bounds.viewsBehind : s.view",
        put: 's.view - bounds.viewsBehind',
      },
      { file: 'libs/pbft/src/on-signed.ts', find: 'vote.view === s.view && s.height >= s.muteBelow', put: 's.height >= s.muteBelow' },
    ],
    scenario: attacked,
    seeds: 1000,
    breaks: ['no double vote'],
  },
  {
    name: 'final by the block at hand',
    bug: 'What a quorum committed is looked up by its place, not by its digest.',
    edits: [
      {
        file: 'libs/pbft/src/finalise.ts',
        find: '  const known = t.s.known.get(digest);\n  if (known !== undefined) return decide',
        put: '  const known = t.s.known.get(t.s.accepted ?? digest);\n  if (known !== undefined) return decide',
      },
    ],
    scenario: attacked,
    seeds: 1000,
    breaks: ['certificate valid'],
  },
];
