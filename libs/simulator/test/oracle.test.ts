import { describe, expect, it } from '@jest/globals';
import { quorumOf } from '../src/oracle/quorum-table.ts';
import { VoteLedger } from '../src/oracle/vote-ledger.ts';

const digest = (i: number) => i.toString(16).padStart(64, '0');
type Sent = readonly [validator: number, phase: 'prepare' | 'commit', view: number, block: number];

const judge = (n: number, faulty: readonly number[], sent: readonly Sent[], fast = n) => {
  const stakes = new Array<number>(n).fill(1);
  const ledger = new VoteLedger(stakes, quorumOf(stakes), new Set(faulty), fast);
  for (const [validator, phase, view, block] of sent)
    ledger.add(validator, { chain: digest(9), epoch: 0, height: 3, view, phase, digest: digest(block) });
  return ledger.decided(3);
};

describe('the table of quorums', () => {
  it.each([
    [1, 1, 0],
    [4, 3, 1],
    [5, 4, 1],
    [6, 5, 1],
    [7, 5, 2],
    [8, 6, 2],
    [9, 7, 2],
    [10, 7, 3],
  ])('n = %i: quorum %i, faulty %i', (n, quorum, faulty) => {
    expect(quorumOf(new Array<number>(n).fill(1))).toEqual({ quorum, faulty, total: n });
  });
  it('knows lumpy stakes by name, and nothing that nobody wrote down', () => {
    expect(quorumOf([34, 34, 31, 1])).toEqual({ quorum: 67, faulty: 33, total: 100 });
    expect(() => quorumOf([5, 6, 7])).toThrow(RangeError);
  });
});

describe('what the oracle takes for decided', () => {
  const rows: [string, number, number[], Sent[], number | undefined][] = [
    [
      'two Commits of four decide nothing',
      4,
      [],
      [
        [0, 'commit', 0, 1],
        [1, 'commit', 0, 1],
      ],
      undefined,
    ],
    [
      'three Commits of four decide',
      4,
      [],
      [
        [0, 'commit', 0, 1],
        [1, 'commit', 0, 1],
        [2, 'commit', 0, 1],
      ],
      1,
    ],
    [
      'two Commits and a liar who can sign the third decide',
      4,
      [3],
      [
        [0, 'commit', 0, 1],
        [1, 'commit', 0, 1],
      ],
      1,
    ],
    [
      'Commits of different views do not add up',
      4,
      [],
      [
        [0, 'commit', 0, 1],
        [1, 'commit', 1, 1],
        [2, 'commit', 1, 1],
      ],
      undefined,
    ],
    [
      'all Prepares decide',
      4,
      [3],
      [
        [0, 'prepare', 2, 1],
        [1, 'prepare', 2, 1],
        [2, 'prepare', 2, 1],
      ],
      1,
    ],
    [
      'a quorum of Prepares does not',
      4,
      [],
      [
        [0, 'prepare', 2, 1],
        [1, 'prepare', 2, 1],
        [2, 'prepare', 2, 1],
      ],
      undefined,
    ],
    [
      'a resent vote counts once',
      4,
      [],
      [
        [0, 'commit', 0, 1],
        [0, 'commit', 0, 1],
        [1, 'commit', 0, 1],
      ],
      undefined,
    ],
  ];
  it.each(rows)('%s', (_, n, faulty, sent, decided) => {
    expect(judge(n, faulty, sent)).toBe(decided === undefined ? undefined : digest(decided));
  });
});

describe('what the oracle refuses', () => {
  const commits = (block: number, view: number): Sent[] => [0, 1, 2].map((v) => [v, 'commit', view, block]);
  const prepares = (block: number, view: number, who = [0, 1, 2]): Sent[] => who.map((v) => [v, 'prepare', view, block]);
  const rows: [string, number[], Sent[], RegExp][] = [
    ['two blocks with Commits of a quorum', [3], [...commits(1, 0), ...commits(2, 4)], /agreement/],
    ['Commits against all Prepares', [3], [...prepares(1, 0), ...commits(2, 4)], /agreement/],
    ['two digests with a quorum of Prepares in one view', [3], [...prepares(1, 0, [0, 1]), ...prepares(2, 0, [1, 2])], /one prepared/],
  ];
  it.each(rows)('%s', (_, faulty, sent, message) => {
    expect(() => judge(4, faulty, sent)).toThrow(message);
  });
  it('nothing of Prepares against Commits where fast certificates are not looked at', () => {
    expect(judge(4, [3], [...prepares(1, 0), ...commits(2, 4)], Number.POSITIVE_INFINITY)).toBe(digest(2));
  });
});
