import { type Message, viewChangeDigest } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { checkMessage, checkStake, messageKey } from '../src/index.ts';
import { Bench, digestOf, ref, signedVote } from './support/bench.ts';
import { fakeVerifier } from './support/network.ts';

const b = new Bench(3);
const [p0, p1, p2] = b.peers as [number, number, number];
const d = 'a'.repeat(64);
const check = (m: Message) => checkMessage(b.world.set, b.world.chain, m, fakeVerifier(b.world.set));
const proposal = b.prePrepare(0, b.block(0, {}, [ref(1)]));
const certificate = b.certificate('prepared', 0, d, [p0, p1, p2]);
const viewChange = b.viewChange(p0, 1, { lastVote: { view: 0, digest: d }, prepared: certificate });
const set = b.peers.map((i) => b.viewChange(i, 1));
const newView = b.newView(1, set);

describe('C5 gates 1 and 2', () => {
  it.each([
    { m: b.prepare(p0, 0, d), is: undefined, why: 'a Prepare' },
    { m: b.commit(p0, 3, d), is: undefined, why: 'a Commit' },
    { m: proposal, is: undefined, why: 'a PrePrepare' },
    { m: viewChange, is: undefined, why: 'a ViewChange with both claims' },
    { m: newView, is: undefined, why: 'a NewView' },
    { m: { kind: 'commit', vote: b.prepare(p0, 0, d).vote }, is: 'MalformedMessage', why: 'a Prepare sent as a Commit' },
    { m: { kind: 'prepare', vote: signedVote(p0, { ...b.vote('prepare', 0, d), chain: d }) }, is: 'WrongChain', why: 'another chain' },
    {
      m: { kind: 'prepare', vote: signedVote(p0, { ...b.vote('prepare', 0, d), epoch: 1 }) },
      is: 'UnknownValidator',
      why: 'another epoch',
    },
    { m: { kind: 'prepare', vote: signedVote(9, b.vote('prepare', 0, d)) }, is: 'UnknownValidator', why: 'no such validator' },
    {
      m: { kind: 'prepare', vote: { ...b.prepare(p0, 0, d).vote, validator: p1 } },
      is: 'InvalidSignature',
      why: 'another one’s signature',
    },
    { m: { kind: 'prepare', vote: signedVote(p0, b.vote('prepare', 0, d, 0)) }, is: 'MalformedMessage', why: 'height 0 is the genesis' },
    {
      m: { ...proposal, vote: signedVote(p0, b.vote('prepare', 0, d)) },
      is: 'MalformedMessage',
      why: 'a vote for another block than the one inside',
    },
    {
      m: { ...proposal, block: { ...proposal.block, batches: [] } },
      is: 'MalformedMessage',
      why: 'references that the header does not name',
    },
    { m: { ...proposal, certificate: b.certificate('commit', 0, d, b.peers) }, is: 'MalformedMessage', why: 'a certificate at height 1' },
    { m: b.prePrepare(0, b.block(1)), is: 'MalformedMessage', why: 'an origin view above the vote’s' },
    {
      m: { ...viewChange, content: { ...viewChange.content, lastVote: undefined } },
      is: 'MalformedMessage',
      why: 'content that was not signed',
    },
    { m: b.viewChange(p0, 0), is: 'MalformedMessage', why: 'nobody changes into view 0' },
    { m: b.viewChange(p0, 1, { lastVote: { view: 1, digest: d } }), is: 'MalformedMessage', why: 'a last vote in the view to come' },
    {
      m: b.viewChange(p0, 2, { prepared: b.certificate('prepared', 2, d, b.peers) }),
      is: 'MalformedMessage',
      why: 'prepared in the view to come',
    },
    {
      m: b.viewChange(p0, 2, { prepared: b.certificate('fast', 0, d, b.order) }),
      is: 'MalformedMessage',
      why: 'a fast certificate where a PreparedCert belongs',
    },
    {
      m: b.viewChange(p0, 2, { prepared: b.certificate('commit', 0, d, b.peers) }),
      is: 'MalformedMessage',
      why: 'Commits are no PreparedCert',
    },
    {
      m: b.viewChange(p0, 2, { prepared: { ...certificate, height: 2 } }),
      is: 'MalformedMessage',
      why: 'a PreparedCert of another height',
    },
    {
      m: b.viewChange(p0, 2, { prepared: { ...certificate, view: 1 } }),
      is: 'InvalidSignature',
      why: 'a PreparedCert moved to another view',
    },
    { m: doubled(), is: 'MalformedMessage', why: 'one validator named twice would count twice' },
  ] as { m: Message; is: string | undefined; why: string }[])('$is: $why', ({ m, is }) => {
    expect(check(m)).toBe(is);
  });

  it.each([
    { m: viewChange, is: undefined, why: 'a PreparedCert of three' },
    {
      m: b.viewChange(p0, 2, { prepared: b.certificate('prepared', 0, d, [p0, p1]) }),
      is: 'QuorumNotReached',
      why: 'a PreparedCert of two',
    },
    { m: newView, is: undefined, why: 'three of four ViewChanges' },
    { m: b.newView(1, set.slice(1)), is: 'QuorumNotReached', why: 'two of four ViewChanges' },
  ])('gates 1 and 2 weigh nothing, gate 6 does: $why', ({ m, is }) => {
    expect([check(m), checkStake(b.world.set, m)]).toEqual([undefined, is]);
  });

  it('the certificate beside a proposal is the one that the header names, and certifies its parent', () => {
    const parent = digestOf(b.block());
    const ofParent = b.certificate('commit', 0, parent, b.peers);
    const other = b.certificate('commit', 1, parent, b.peers);
    const at2 = (named: string, beside: typeof ofParent | undefined): Message => {
      const block = b.block(0, { height: 2, parent, certificate: named });
      return { ...b.prePrepare(0, block), certificate: beside };
    };
    const named = '3'.repeat(64);
    expect(check(at2(named, ofParent))).toBe('MalformedMessage');
    expect(check(at2(named, other))).toBe('MalformedMessage');
    expect(check(at2('0'.repeat(64), undefined))).toBe('MalformedMessage');
  });

  it('does not look twice at the signatures of a certificate that is known', () => {
    let looked = 0;
    const verifier = { verify: () => ++looked > 0 };
    checkMessage(b.world.set, b.world.chain, viewChange, verifier);
    expect(looked).toBe(4);
    checkMessage(b.world.set, b.world.chain, viewChange, verifier, { isKnown: () => true });
    expect(looked).toBe(5);
  });
});

it('C5 the replay key tells apart sender, kind, height, view and digest', () => {
  const messages = [
    b.prepare(p0, 0, d),
    b.prepare(p1, 0, d),
    b.commit(p0, 0, d),
    b.prepare(p0, 1, d),
    b.prepare(p0, 0, 'b'.repeat(64)),
    { ...b.prePrepare(0, b.block()), vote: b.prepare(p0, 0, d).vote },
    { kind: 'prepare' as const, vote: signedVote(p0, b.vote('prepare', 0, d, 2)) },
  ];
  expect(new Set(messages.map(messageKey)).size).toBe(messages.length);
  expect(viewChangeDigest(viewChange.content)).toBe(viewChange.vote.vote.digest);
});

function doubled(): Message {
  const [first, second] = newView.content.viewChanges;
  if (first === undefined || second === undefined) throw new Error('three ViewChanges');
  const m = b.newView(1, [set[0] as never, set[0] as never, set[1] as never]);
  return m;
}
