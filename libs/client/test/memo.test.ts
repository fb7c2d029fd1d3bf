import { limits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dependenciesOf, hintedDependencies, keptMemo } from '../src/memo.ts';

describe('hints of a memo', () => {
  it.each<[sentence: string, memo: string, keys: string[]]>([
    ['a word of it', 'rent depends_on=1,INV-2 May', ['1', 'INV-2']],
    ['all of it, as JSON', ' {"depends_on":[1,"INV-2"]}', ['1', 'INV-2']],
    ['beside other fields', '{"invoice":"7","depends_on":["a"]}', ['a']],
    ['empty places are none', 'depends_on=,a,', ['a']],
    ['part of a word is no hint', 'it_depends_on=1', []],
    ['JSON that says nothing of it', '{"invoice":"7"}', []],
    ['broken JSON is text', '{"depends_on":[1', []],
    ['no list', '{"depends_on":"1"}', []],
    ['fractions and objects are no keys', '{"depends_on":[1.5,{},null,"b"]}', ['b']],
    ['JSON that is no object', '{} x', []],
    ['nothing', '', []],
    ['behind what the ledger keeps', `${'x'.repeat(2_000)} depends_on=late`, ['late']],
  ])('%s', (_, memo, keys) => expect(hintedDependencies(memo)).toEqual(keys));

  it('count only where nothing is explicit', () => {
    expect(dependenciesOf({ dependsOn: ['x'], memo: 'depends_on=1' })).toEqual(['x']);
    expect(dependenciesOf({ dependsOn: [], memo: 'depends_on=1' })).toEqual(['1']);
    expect(dependenciesOf({})).toEqual([]);
  });
});

describe('what is kept of a memo', () => {
  it('property: the longest beginning that fits, whole characters only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }), (memo) => {
        const kept = keptMemo(memo);
        const rest = memo.slice(kept.length);
        expect(memo.startsWith(kept)).toBe(true);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(limits.memo);
        const [next = ''] = rest;
        if (rest !== '') expect(Buffer.byteLength(kept + next)).toBeGreaterThan(limits.memo);
      }),
    );
  });
});
