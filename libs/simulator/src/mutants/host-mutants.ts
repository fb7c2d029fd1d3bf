/** Bugs in what holds a validator together over time: disk, restart, signer, replay filter, timers, and the rules of a block. */
import type { Edit, Mutant } from './mutant.ts';

const faults = { validators: 4, blocks: 30 } as const;
const lost = { ...faults, intensity: 'lost disks' } as const;
const engine = (name: string, find: string, put: string): Edit => ({ file: `libs/pbft/src/${name}.ts`, find, put });

const durability: readonly Mutant[] = [
  {
    name: 'skip fsync',
    bug: 'What follows a record leaves before the disk has it.',
    edits: [engine('driver', 'next.after <= this.#durable', 'true')],
    scenario: { validators: 4, blocks: 10 },
    seeds: 5,
    breaks: ['durable before visible'],
  },
  {
    name: 'fsync of what comes later',
    bug: 'A sync that began earlier is taken for one that covers the newest record.',
    edits: [engine('driver', '      this.#durable = covered;', '      this.#durable = this.#appended;')],
    scenario: faults,
    seeds: 300,
    breaks: ['durable before visible'],
  },
  {
    name: 'Commit before its PreparedCert',
    bug: 'A Commit leaves before the log holds its PreparedCert.',
    edits: [engine('commit', "  record(t, { kind: 'prepared', certificate });\n", '')],
    scenario: faults,
    seeds: 20,
    breaks: ['durable before visible', 'no halt'],
  },
  {
    name: 'no intent',
    bug: 'The signer hears of a vote that the log does not hold.',
    edits: [engine('turn', "  record(t, {\n    kind: 'intent',", "  if (message.kind === 'commit') record(t, {\n    kind: 'intent',")],
    scenario: faults,
    seeds: 5,
    breaks: ['durable before visible'],
  },
  {
    name: 'Prepare without the bodies',
    bug: 'A Prepare vouches for batches that are not on disk.',
    edits: [engine('prepare', "known.bodies !== 'held' && known.block.batches.length > 0", 'false')],
    scenario: faults,
    seeds: 20,
    breaks: ['durable before visible'],
  },
  {
    name: 'lastVote not restored',
    bug: 'After a restart a validator does not know how it voted.',
    edits: [engine('recall', 's.lastVote = lastVoteOf(r);', 's.lastVote = undefined;')],
    scenario: faults,
    seeds: 1000,
    breaks: ['no double vote', 'no vote forgotten', 'evidence is true', 'agreement', 'new view'],
  },
  {
    name: 'PreparedCert not restored',
    bug: 'After a restart a validator does not know what was prepared.',
    edits: [engine('recall', 'if (c.view > (s.prepared?.view ?? -1)) s.prepared = c;', 'void c;')],
    scenario: faults,
    seeds: 1000,
    breaks: ['no vote forgotten', 'evidence is true', 'agreement'],
  },
  {
    name: 'left view not restored',
    bug: 'After a restart a validator votes in the view that it had left.',
    edits: [engine('recall', '...votesOf(r).map((v) => v.view));', "...votesOf(r).map((v) => (v.phase === 'view-change' ? 0 : v.view)));")],
    scenario: faults,
    seeds: 1000,
    breaks: ['no double vote', 'no false alarm', 'evidence is true'],
  },
  {
    name: 'Commit forgotten with the log',
    bug: 'Whoever lost its log goes on voting at the height of its last Commit.',
    edits: [engine('recover', 'lost === undefined ? spoken : spoken + 1;', 'spoken;')],
    scenario: lost,
    seeds: 1000,
    breaks: ['no vote forgotten', 'evidence is true', 'agreement', 'new view'],
  },
  {
    name: 'votes where they are forgotten',
    bug: 'Whoever lost storage and log votes at heights that are over, of which its signer does not tell all.',
    edits: [engine('recover', 'lost === undefined ? spoken : spoken + 1;', 'lost === undefined ? floor + 1 : spoken + 1;')],
    scenario: lost,
    seeds: 1000,
    breaks: ['no vote forgotten', 'evidence is true', 'no double vote', 'no false alarm'],
  },
  {
    name: 'log cut before storage holds the block',
    bug: 'The records of a height are dropped when it is decided, not when it is stored.',
    edits: [
      engine(
        'finalise',
        "  record(t, { kind: 'final', block, certificate });",
        "  record(t, { kind: 'final', block, certificate });\n  record(t, { kind: 'floor', height: s.height, block: digest }, false);",
      ),
    ],
    scenario: faults,
    seeds: 1000,
    breaks: ['durable before visible', 'no halt', 'agreement', 'no false alarm', 'progress', 'no double vote'],
  },
];

const hosts: readonly Mutant[] = [
  {
    name: 'signer key without height',
    bug: 'The signer takes view 0 of the next height for view 0 of this one.',
    edits: [
      engine('signing-record', 'const height = this.#heights.get(slot.height);', 'const height = this.#heights.get(0);'),
      engine('signing-record', 'const height = this.#heights.get(row.height) ?? {', 'const height = this.#heights.get(0) ?? {'),
      engine('signing-record', 'this.#heights.set(row.height, height);', 'this.#heights.set(0, height);'),
      engine('signing-record', 'this.#heights.get(row.height)?.slots', 'this.#heights.get(0)?.slots'),
    ],
    scenario: { validators: 4, blocks: 6 },
    seeds: 3,
    breaks: ['progress'],
  },
  {
    name: 'replay key without view',
    bug: 'A vote of the next view is taken for a repetition of the last one.',
    edits: [engine('message-key', '{vote.view}', '{0}')],
    scenario: faults,
    seeds: 300,
    breaks: ['no false repetition'],
  },
  {
    name: 'replay key without digest',
    bug: 'The second half of an equivocation is taken for a repetition of the first.',
    edits: [engine('message-key', '{vote.digest}', '{0}')],
    scenario: faults,
    seeds: 300,
    breaks: ['no false repetition'],
  },
  {
    name: 'early messages refused',
    bug: 'What comes before its height opens is thrown away.',
    edits: [
      engine(
        'early',
        '  const of = s.early[m.vote.validator] ?? [];',
        "  if (m.kind !== undefined) {\n    rejectMessage(t, 'SequenceGap', m);\n    return false;\n  }\n  const of = s.early[m.vote.validator] ?? [];",
      ),
    ],
    scenario: { validators: 4, blocks: 20, intensity: 'calm' },
    seeds: 300,
    breaks: ['nothing refused when calm'],
  },
  {
    name: 'view timer never fires',
    bug: 'A silent leader is waited for without end.',
    edits: [engine('step', 's.decided === undefined && now >= s.deadline', 'false')],
    scenario: faults,
    seeds: 300,
    breaks: ['progress'],
  },
  {
    name: 'view timer never doubles',
    bug: 'Where the network is slower than the base time-out no view is ever long enough.',
    edits: [engine('timers', '* 2 ** Math.min(t.s.view, DOUBLINGS)', '* 1')],
    scenario: { validators: 4, blocks: 4, intensity: 'slow network' },
    seeds: 5,
    breaks: ['progress'],
  },
  {
    name: 'view timer never returns',
    bug: 'Time-outs grow from height to height.',
    edits: [engine('timers', '2 ** Math.min(t.s.view, DOUBLINGS)', '2 ** Math.min(t.s.height, DOUBLINGS)')],
    scenario: faults,
    seeds: 300,
    breaks: ['progress'],
  },
];

const blocks: readonly Mutant[] = [
  {
    name: 'expired batch ordered',
    bug: 'Nobody looks at the expiry of a batch.',
    edits: [engine('check-refs', "    if (ref.expiresAt < time) return 'BatchExpired';\n", '')],
    scenario: faults,
    seeds: 1000,
    breaks: ['batches in order'],
  },
  {
    name: 'batch ordered twice',
    bug: 'The number of a batch is not compared with what was ordered before.',
    edits: [engine('check-refs', 'if (ref.number !== due)', 'if (ref.number > (due ?? 0))')],
    scenario: faults,
    seeds: 1000,
    breaks: ['batches in order'],
  },
  {
    name: 'gap between batches',
    bug: 'An origin’s batch may be left out for good.',
    edits: [engine('check-refs', 'if (ref.number !== due)', 'if (ref.number < (due ?? 0))')],
    scenario: faults,
    seeds: 1000,
    breaks: ['batches in order'],
  },
  {
    name: 'state root not compared',
    bug: 'A validator prepares a block over a state that is not its own.',
    edits: [
      engine('check-header', "  if (h.stateRoot !== tip.stateRoot || h.resultsRoot !== tip.resultsRoot) return 'StateForkDetected';\n", ''),
    ],
    scenario: faults,
    seeds: 1000,
    breaks: ['equal state'],
  },
  {
    name: 'ledger time goes back',
    bug: 'The time of a block is not compared with that of the block before.',
    edits: [engine('check-header', ' || h.time <= tip.time', '')],
    scenario: faults,
    seeds: 1000,
    breaks: ['ledger time'],
  },
];

export const hostMutants: readonly Mutant[] = [...durability, ...hosts, ...blocks];
