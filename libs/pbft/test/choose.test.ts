import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Claim, choose, type Place } from '../src/index.ts';
import { equalStakes, worldOf } from './support/network.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const at = (view: number, digest: string): Place => ({ view, digest });
type Row = readonly [lastVote: Place | undefined, prepared?: Place];
const claims = (rows: readonly Row[], from = 0): Claim[] =>
  rows.map(([lastVote, prepared], i) => ({ validator: from + i, lastVote, prepared }));
const none: Row = [undefined];
const four = worldOf(equalStakes(4)).set;
const seven = worldOf(equalStakes(7)).set;

describe('K1 choice rule, n = 4: S of three or four ViewChanges, threshold stake(S) − 1', () => {
  it.each([
    { rows: [none, none, none], is: undefined, why: 'nobody voted: the leader is free' },
    { rows: [[at(0, A)], none, none], is: undefined, why: 'one vote of three is below the threshold of two' },
    { rows: [[at(0, A)], [at(0, B)], none], is: undefined, why: 'split votes bind nobody' },
    { rows: [[at(0, A)], [at(0, A)], none], is: A, why: 'two of three may be all that is shown of a block final by everyone' },
    { rows: [[at(0, A)], [at(0, A)], [at(0, B)], [at(0, B)]], is: undefined, why: 'two of four are below the threshold of three' },
    { rows: [[at(0, A)], [at(0, A)], [at(0, A)], [at(0, B)]], is: A, why: 'three of four' },
    { rows: [[at(0, A), at(0, A)], none, none], is: A, why: 'one PreparedCert alone binds: its block may be final' },
    { rows: [[at(0, A), at(0, A)], [at(1, B), at(1, B)], none], is: B, why: 'the PreparedCert of the highest view binds' },
    {
      rows: [[at(1, B), at(1, A)], [at(1, B)], none],
      is: A,
      why: 'mutant "ties prefer votes": votes of the view that prepared A lost it, and A may be final there',
    },
    {
      rows: [[at(2, A), at(2, A)], [at(0, B)], [at(1, B)]],
      is: A,
      why: 'mutant "votes ignore slowView": votes older than a PreparedCert are superseded by it',
    },
    {
      rows: [[at(0, A), at(0, A)], [at(1, B)], [at(1, B)]],
      is: B,
      why: 'mutant "any PreparedCert beats newer votes": B may be final by everyone in view 1',
    },
    {
      rows: [[at(1, A)], [at(2, A)], none],
      is: A,
      why: 'mutant "votes must share one view": an honest vote is repeated in later views',
    },
    {
      rows: [[at(0, B), at(0, B)], [at(1, A)], [at(2, A)]],
      is: A,
      why: 'the views above slowView may differ too',
    },
    {
      rows: [[at(1, B)], [at(0, A), at(0, A)], [at(0, A), at(0, A)]],
      is: A,
      why: 'mutant "threshold too low": one liar’s newer vote for B must not undo A, which may be final by Commits',
    },
  ] as { rows: Row[]; is: string | undefined; why: string }[])('$why', ({ rows, is }) => {
    expect(choose(four, claims(rows))?.digest).toBe(is);
  });
});

describe('K1 choice rule with other sets', () => {
  it.each([
    { votesForA: 3, is: A, why: 'n = 7, S of five: threshold 5 − 2 = 3' },
    { votesForA: 2, is: undefined, why: 'two liars alone never make a block mandatory' },
  ])('$why', ({ votesForA, is }) => {
    const rows: Row[] = Array.from({ length: 5 }, (_, i) => (i < votesForA ? [at(0, A)] : none));
    expect(choose(seven, claims(rows))?.digest).toBe(is);
  });

  it.each([
    { rows: [[at(0, A)], none], is: undefined, why: '34 of 68 is below the threshold of 35' },
    { rows: [[at(0, A)], [at(0, A)]], is: A, why: '68 of 68' },
    { rows: [none, [at(0, A)], [at(0, A)]], is: undefined, why: '65 of 99 is below the threshold of 66, though two of three' },
    { rows: [[at(0, A)], [at(0, A)], none, none], is: A, why: '68 of 100 reaches the threshold of 67' },
  ] as { rows: Row[]; is: string | undefined; why: string }[])('stakes (34, 34, 31, 1), f = 33: $why', ({ rows, is }) => {
    expect(choose(worldOf([34n, 34n, 31n, 1n]).set, claims(rows))?.digest).toBe(is);
  });

  it('names as claimants whoever voted for the block or holds its PreparedCert', () => {
    const rows: Row[] = [[at(1, A)], [at(2, B), at(1, A)], [at(0, B)]];
    expect(choose(four, claims(rows))).toEqual({ digest: A, claimants: [0, 1] });
  });
});

describe('K1 nothing that may be final is lost', () => {
  // One view 0 in which each honest validator voted as it is said; then any S, in which up to f lie.
  const lie = fc.record({ lastVote: fc.option(fc.constantFrom(at(0, B), at(3, B), at(1, B)), { nil: undefined }) });

  it('a block for which everybody voted is chosen by every S, whatever one of four claims', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(4), lie, (liar, left, lies) => {
        const rows = [0, 1, 2, 3]
          .filter((v) => v !== left)
          .map((v): Claim => ({ validator: v, prepared: undefined, lastVote: v === liar ? lies.lastVote : at(0, A) }));
        expect(choose(four, rows)?.digest).toBe(A);
      }),
    );
  });

  it('a block that a quorum committed is chosen by every S, whatever one of four claims', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(4), fc.nat(3), lie, (liar, left, loser, lies) => {
        const rows = [0, 1, 2, 3]
          .filter((v) => v !== left)
          .map((v): Claim => {
            if (v === liar) return { validator: v, prepared: undefined, lastVote: lies.lastVote };
            // The one that did not commit may have voted for another block in that view.
            if (v === loser && liar !== loser) return { validator: v, prepared: undefined, lastVote: at(2, B) };
            return { validator: v, prepared: at(2, A), lastVote: at(2, A) };
          });
        if (lies.lastVote?.view === 3) return; // a lie about a later view is the next row's
        expect(choose(four, rows)?.digest).toBe(A);
      }),
    );
  });

  it('nor can a lone liar’s vote of a later view outweigh a PreparedCert', () => {
    for (const liar of [0, 1, 2]) {
      const rows = [0, 1, 2].map(
        (v): Claim =>
          v === liar ? { validator: v, prepared: undefined, lastVote: at(9, B) } : { validator: v, prepared: at(2, A), lastVote: at(2, A) },
      );
      expect(choose(four, rows)?.digest).toBe(A);
    }
  });
});
