import type { Phase } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeRow, encodeRow, type VoteRow } from '../src/index.ts';
import { KEPT, SigningRecord } from '../src/signing-record.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const slot = (height: number, view: number, phase: Phase, digest = A) => ({ epoch: 0, height, view, phase, digest });
const row = (height: number, view: number, phase: Phase, digest = A): VoteRow => ({
  kind: 'vote',
  ...slot(height, view, phase, digest),
  signature: new Uint8Array(64).fill(height & 255),
});
const batch = (number: number, digest: string, expiresAt: number) =>
  ({ kind: 'batch', number, digest, expiresAt, signature: new Uint8Array(64) }) as const;

describe('S4 what may be signed after what', () => {
  type Ask = ReturnType<typeof slot>;
  const rows: [sentence: string, signed: VoteRow[], asked: Ask, verdict: 'sign' | 'stored' | 'refused'][] = [
    ['the first vote of a height is signed', [], slot(5, 0, 'prepare'), 'sign'],
    ['the same request gets the stored signature', [row(5, 0, 'prepare')], slot(5, 0, 'prepare'), 'stored'],
    ['another digest in one view and phase is refused', [row(5, 0, 'prepare')], slot(5, 0, 'prepare', B), 'refused'],
    ['the same digest in another epoch is another thing', [row(5, 0, 'prepare')], { ...slot(5, 0, 'prepare'), epoch: 1 }, 'refused'],
    ['a Commit follows its Prepare', [row(5, 0, 'prepare')], slot(5, 0, 'commit'), 'sign'],
    ['another view may bring another digest', [row(5, 0, 'prepare')], slot(5, 1, 'prepare', B), 'sign'],
    ['after ViewChange(1) no Prepare of view 0', [row(5, 1, 'view-change')], slot(5, 0, 'prepare'), 'refused'],
    ['after ViewChange(1) no Commit of view 0', [row(5, 0, 'prepare'), row(5, 1, 'view-change')], slot(5, 0, 'commit'), 'refused'],
    [
      'after ViewChange(1) the stored Prepare of view 0 is still answered',
      [row(5, 0, 'prepare'), row(5, 1, 'view-change')],
      slot(5, 0, 'prepare'),
      'stored',
    ],
    ['after ViewChange(1) a Prepare of view 1', [row(5, 1, 'view-change')], slot(5, 1, 'prepare'), 'sign'],
    ['after ViewChange(1) its NewView', [row(5, 1, 'view-change')], slot(5, 1, 'new-view'), 'sign'],
    ['after ViewChange(2) no NewView of view 1', [row(5, 2, 'view-change')], slot(5, 1, 'new-view'), 'refused'],
    ['after ViewChange(2) no ViewChange(1)', [row(5, 2, 'view-change')], slot(5, 1, 'view-change'), 'refused'],
    ['a second content for ViewChange(1) is refused', [row(5, 1, 'view-change')], slot(5, 1, 'view-change', B), 'refused'],
    ['after a Prepare in view 3 no ViewChange into view 3', [row(5, 3, 'prepare')], slot(5, 3, 'view-change'), 'refused'],
    ['after a Prepare in view 3 no vote in view 2', [row(5, 3, 'prepare')], slot(5, 2, 'prepare'), 'refused'],
    ['a ViewChange of one height says nothing of another', [row(5, 4, 'view-change')], slot(6, 0, 'prepare'), 'sign'],
    ['a lower height that is kept may be voted on', [row(900, 0, 'prepare')], slot(5, 0, 'prepare'), 'sign'],
  ];
  it.each(rows)('%s', (_, signed, asked, verdict) => {
    const record = new SigningRecord();
    for (const r of signed) record.add(r);
    expect(record.mayVote(asked).kind).toBe(verdict);
  });

  const claims: [sentence: string, number: number, digest: string, finalTime: number, verdict: string][] = [
    ['the next number', 8, A, 0, 'sign'],
    ['the same batch again', 7, A, 0, 'stored'],
    ['another batch of the number while the first can be ordered', 7, B, 1_000, 'refused'],
    ['another batch of the number when the first has expired', 7, B, 1_001, 'sign'],
  ];
  it.each(claims)('claims: %s', (_, number, digest, finalTime, verdict) => {
    const record = new SigningRecord();
    record.add(batch(7, A, 1_000));
    expect(record.mayClaim(number, digest, finalTime).kind).toBe(verdict);
  });
  it('ledger time never goes back: what was free stays free', () => {
    const record = new SigningRecord();
    record.add(batch(7, A, 1_000));
    record.mayClaim(7, B, 5_000);
    expect(record.mayClaim(7, B, 10).kind).toBe('sign');
  });

  it('compaction forgets old heights and refuses them for good', () => {
    const record = new SigningRecord();
    for (let h = 1; h <= 2 * KEPT + 1; h++) record.add(row(h, 0, 'prepare'));
    expect(record.bulky).toBe(true);
    const left = record.compact();
    expect(left[0]).toMatchObject({ kind: 'floor', height: KEPT + 1 });
    expect(left.length).toBe(KEPT + 1);
    expect(record.mayVote(slot(KEPT + 1, 0, 'prepare', B)).kind).toBe('refused');
    const again = new SigningRecord();
    for (const r of left) again.add(decodeRow(encodeRow(r)));
    expect(again.mayVote(slot(7, 0, 'prepare')).kind).toBe('refused');
    expect(again.mayVote(slot(KEPT + 2, 0, 'prepare')).kind).toBe('stored');
    expect(again.mayVote(slot(KEPT + 2, 0, 'prepare', B)).kind).toBe('refused');
  });

  it('whatever is asked in whatever order, over restarts: one digest a slot, and no vote of a view that was left', () => {
    const ask = fc.record({
      height: fc.integer({ min: 1, max: 3 }),
      view: fc.integer({ min: 0, max: 3 }),
      phase: fc.constantFrom<Phase>('prepare', 'commit', 'view-change', 'new-view'),
      digest: fc.constantFrom(A, B),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 40 }), (asks) => {
        let record = new SigningRecord();
        const given: VoteRow[] = [];
        for (const { restart, ...a } of asks) {
          if (restart) {
            record = new SigningRecord();
            for (const r of given) record.add(decodeRow(encodeRow(r)));
          }
          if (record.mayVote({ epoch: 0, ...a }).kind !== 'sign') continue;
          const made = row(a.height, a.view, a.phase, a.digest);
          record.add(made);
          given.push(made);
        }
        const seen = new Map<string, string>();
        const left = new Map<number, number>();
        for (const r of given) {
          const key = `${r.height}/${r.view}/${r.phase}`;
          expect(seen.get(key) ?? r.digest).toBe(r.digest);
          seen.set(key, r.digest);
          expect(r.view).toBeGreaterThanOrEqual(left.get(r.height) ?? 0);
          if (r.phase === 'view-change') left.set(r.height, r.view);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
