import { ed25519 } from '@bursar/crypto';
import { certificate, encode, type Header, header } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { KEPT_SCHEDULES, MembershipState } from '../src/core/membership-state.ts';
import { TestHeaders } from './support/headers.ts';

const opened = () => {
  const made = new TestHeaders();
  return { made, state: new MembershipState(made.genesis, made.chain, ed25519) };
};

describe('Membership', () => {
  it('counts who proposed and whose views were skipped', () => {
    const { made, state } = opened();
    const views = [0, 1, 0, 2, 0, 0, 3, 0];
    const headers = views.map((view) => made.next(view));
    for (const one of headers) expect(state.apply(one)).toEqual({ kind: 'applied' });
    const total = { proposed: 0, skipped: 0 };
    for (const { index } of state.set.validators) {
      const conduct = state.conduct(index);
      expect(conduct?.proposed).toBe(headers.filter((h) => h.header.proposer === index).length);
      total.proposed += conduct?.proposed ?? 0;
      total.skipped += conduct?.skipped ?? 0;
    }
    expect(total).toEqual({ proposed: 8, skipped: 6 });
    expect(state.height).toBe(8);
  });

  it('names the leaders of every height that it followed, and of the open one', () => {
    const { made, state } = opened();
    for (let i = 0; i < 20; i++) {
      const one = made.next(i % 3);
      expect(state.leader(one.height, one.header.view)).toBe(one.header.proposer);
      state.apply(one);
      expect(state.leader(one.height, one.header.view)).toBe(one.header.proposer);
    }
    expect(state.leader(22, 0)).toBeUndefined();
    expect(new Set([0, 1, 2, 3].map((view) => state.leader(21, view))).size).toBe(4);
  });

  it('keeps a bounded window of schedules', () => {
    const { made, state } = opened();
    for (let i = 0; i < KEPT_SCHEDULES + 5; i++) state.apply(made.next());
    expect(state.oldestSchedule).toBe(7);
    expect([6, 7].map((h) => state.leader(h, 0) === undefined)).toEqual([true, false]);
  });

  it('takes a height once, in order, and never goes back', () => {
    const { made, state } = opened();
    const [a, b, c] = [made.next(), made.next(), made.next()];
    expect(state.apply(b)).toEqual({ kind: 'gap', expected: 1 });
    state.apply(a);
    expect(state.apply(a)).toEqual({ kind: 'stale' });
    expect(state.apply(c)).toEqual({ kind: 'gap', expected: 2 });
    state.apply(b);
    expect(state.apply(a)).toEqual({ kind: 'stale' });
    expect(state.height).toBe(2);
  });

  const wrong: [string, Partial<Header>, RegExp][] = [
    ['another parent', { parent: 'ab'.repeat(32) }, /parent/],
    ['a time that stands still', { time: 1_700_000_001_000 }, /time/],
    ['another next set', { nextValidators: 'ab'.repeat(32) }, /next set/],
    ['another beacon', { beacon: 'ab'.repeat(32) }, /beacon/],
    ['a proposer who does not lead', { proposer: 9 }, /proposer 9/],
    ['another chain', { chain: 'ab'.repeat(32) }, /WrongChain/],
    ['another epoch', { epoch: 5 }, /epoch 5/],
  ];
  it.each(wrong)('calls a certified header with %s wrong and stays where it is', (_, tamper, why) => {
    const { made, state } = opened();
    state.apply(made.next());
    expect(state.apply(made.draft(0, tamper))).toEqual({ kind: 'wrong', why: expect.stringMatching(why) });
    expect(state.height).toBe(1);
    expect(state.apply(made.next())).toEqual({ kind: 'applied' });
  });

  it('wants a quorum of right signatures', () => {
    const { made, state } = opened();
    expect(state.apply(made.draft(0, {}, [0, 1]))).toMatchObject({ kind: 'wrong', why: expect.stringMatching(/QuorumNotReached/) });
    const one = made.draft();
    const flipped = one.certificate.map((b, i) => (i === one.certificate.length - 1 ? b ^ 1 : b));
    expect(state.apply({ ...one, certificate: flipped })).toMatchObject({ why: expect.stringMatching(/InvalidSignature/) });
    expect(state.apply({ ...one, block: new Uint8Array(3) })).toMatchObject({ kind: 'wrong' });
  });
});

describe('VerifyCertificate', () => {
  it('tells what is final on this chain from what is not', () => {
    const { made, state } = opened();
    const one = made.draft();
    const raw = encode(header, one.header);
    expect(state.verify(raw, one.certificate)).toMatchObject({ valid: true });
    expect(state.verify(raw.subarray(1), one.certificate)).toMatchObject({ valid: false, name: 'MalformedMessage' });
    expect(state.verify(raw, encode(certificate, made.certify(one.header, [1, 2, 3], 'prepared')))).toMatchObject({
      valid: false,
      name: 'QuorumNotReached',
    });
    expect(state.verify(raw, made.draft(1).certificate)).toMatchObject({ valid: false, name: 'MalformedMessage' });
    const other = new TestHeaders('other').draft();
    expect(state.verify(encode(header, other.header), other.certificate)).toMatchObject({ valid: false, name: 'WrongChain' });
  });
});
