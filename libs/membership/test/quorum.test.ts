import { BadGenesis } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { genesisSet, isQuorum, stakeOf } from '../src/index.ts';
import { genesisOf } from './support/genesis.ts';

describe('K1 quorums of equal validators', () => {
  it.each([
    { n: 4, f: 1n, quorum: 3n, why: 'the smallest network that bears a fault' },
    { n: 5, f: 1n, quorum: 4n, why: '2f + 1 = 3 would leave two quorums with one validator in common, who may lie' },
    { n: 6, f: 1n, quorum: 5n, why: '2f + 1 = 3 would make two quorums without a common validator' },
    { n: 7, f: 2n, quorum: 5n, why: '3f + 1 again' },
    { n: 8, f: 2n, quorum: 6n, why: '3f + 2' },
    { n: 9, f: 2n, quorum: 7n, why: '3f + 3' },
    { n: 10, f: 3n, quorum: 7n, why: '3f + 1 again' },
  ])('n = $n: f = $f, quorum $quorum: $why', ({ n, f, quorum }) => {
    const set = genesisSet(genesisOf(new Array(n).fill(1)));
    expect([set.total, set.faulty, set.quorum]).toEqual([BigInt(n), f, quorum]);
    expect(isQuorum(set, quorum)).toBe(true);
    expect(isQuorum(set, quorum - 1n)).toBe(false);
  });
});

describe('K1 quorums of lumpy stakes (34, 34, 31, 1): W = 100, f = 33, quorum 67', () => {
  const set = genesisSet(genesisOf([34, 34, 31, 1]));
  it.each([
    { who: [0, 1], is: true, why: 'the two large ones hold 68' },
    { who: [0, 2], is: false, why: '65 is two of the three large, and too little' },
    { who: [0, 2, 3], is: false, why: '66: three of four validators are no quorum' },
    { who: [1, 2, 3], is: false, why: 'the same on the other side' },
    { who: [0, 1, 2], is: true, why: '99' },
    { who: [3], is: false, why: 'the small one alone' },
    { who: [], is: false, why: 'nobody' },
  ])('$who → $is: $why', ({ who, is }) => {
    expect(isQuorum(set, stakeOf(set, who))).toBe(is);
  });
});

it('any two quorums share more stake than f, for any stakes', () => {
  const stakes = fc.array(fc.bigInt(1n, 1_000n), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(stakes, fc.nat(511), fc.nat(511), (all, a, b) => {
      const set = genesisSet(genesisOf(all));
      const members = (mask: number) => all.flatMap((_, i) => (mask & (1 << i) ? [i] : []));
      if (!isQuorum(set, stakeOf(set, members(a))) || !isQuorum(set, stakeOf(set, members(b)))) return;
      expect(stakeOf(set, members(a & b)) > set.faulty).toBe(true);
    }),
  );
});

describe('genesisSet', () => {
  it('has a hash that depends on every name, key and stake and on their order', () => {
    const base = genesisOf([1, 2, 3, 4]);
    const [a, b, ...rest] = base.validators;
    if (a === undefined || b === undefined) throw new Error('four validators');
    const others = [
      { ...base, validators: [b, a, ...rest] },
      { ...base, validators: [{ ...a, name: 'other' }, b, ...rest] },
      { ...base, validators: [{ ...a, publicKey: b.publicKey }, b, ...rest] },
      { ...base, validators: [{ ...a, stake: 9n }, b, ...rest] },
    ];
    const hashes = [base, ...others].map((g) => genesisSet(g).hash);
    expect(new Set(hashes).size).toBe(5);
    expect(genesisSet(genesisOf([1, 2, 3, 4])).hash).toBe(hashes[0]);
  });

  it('refuses a key of small order and says whose it is', () => {
    const genesis = genesisOf([1, 1, 1, 1]);
    const [first, ...rest] = genesis.validators;
    const identity = `01${'00'.repeat(31)}`;
    if (first === undefined) throw new Error('four validators');
    expect(() => genesisSet({ ...genesis, validators: [{ ...first, publicKey: identity }, ...rest] })).toThrow(BadGenesis);
    expect(() => genesisSet({ ...genesis, validators: [{ ...first, publicKey: identity }, ...rest] })).toThrow(/validator v0/);
  });
});
