import type { Header } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { Bench, digestOf, ref } from './support/bench.ts';

const other = 'e'.repeat(64);
const wrong: { change: Partial<Header> | ((b: Bench) => Partial<Header>); name: string; why: string }[] = [
  { change: { version: 2 }, name: 'MalformedMessage', why: 'an unknown version' },
  { change: { chain: other }, name: 'WrongChain', why: 'a header of another chain' },
  { change: { epoch: 1 }, name: 'MalformedMessage', why: 'another epoch' },
  { change: (b) => ({ proposer: b.self }), name: 'WrongValidator', why: 'a proposer that does not lead its origin view' },
  { change: { view: 1 }, name: 'InvalidView', why: 'an origin view above the view it is proposed in' },
  { change: { parent: other }, name: 'MalformedMessage', why: 'another parent' },
  { change: (b) => ({ time: b.world.start.time }), name: 'MalformedMessage', why: 'time does not rise' },
  { change: (b) => ({ time: b.now + 5001 }), name: 'MessageExpired', why: 'more than the tolerance ahead of our clock' },
  { change: (b) => ({ time: b.now - 5001 }), name: 'MessageExpired', why: 'more than the tolerance behind our clock' },
  { change: { stateRoot: other }, name: 'StateForkDetected', why: 'another state root than ours' },
  { change: { resultsRoot: other }, name: 'StateForkDetected', why: 'another results root than ours' },
  { change: { beacon: other }, name: 'MalformedMessage', why: 'a beacon that does not follow' },
  { change: { proofVersion: 1 }, name: 'MalformedMessage', why: 'a proof version that does not exist yet' },
  { change: { proof: new Uint8Array(1) }, name: 'MalformedMessage', why: 'a proof where none belongs' },
  { change: { skipped: new Uint8Array([1]) }, name: 'MalformedMessage', why: 'skipped leaders in view 0' },
  { change: { skipped: new Uint8Array(2) }, name: 'MalformedMessage', why: 'a bitmap of another length' },
  { change: { nextValidators: other }, name: 'MalformedMessage', why: 'another validator set' },
];

describe('docs/protocol.md "Votes" 2: what is no reason to vote', () => {
  it.each(wrong)('$why → $name', ({ change, name }) => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block(0, typeof change === 'function' ? change(b) : change)));
    expect(b.rejected).toEqual([name]);
    expect(b.asked).toEqual([]);
  });

  it.each([
    { batches: [ref(1, 2)], name: 'MalformedMessage', why: 'begins after the next number of its origin' },
    { batches: [ref(1, 1), ref(1, 3)], name: 'MalformedMessage', why: 'leaves a gap' },
    { batches: [ref(1, 1), ref(1, 1)], name: 'MalformedMessage', why: 'orders a batch twice' },
    { batches: [ref(2), ref(1)], name: 'MalformedMessage', why: 'origins do not ascend' },
    { batches: [ref(1), ref(2), ref(1, 2)], name: 'MalformedMessage', why: 'an origin comes back' },
    { batches: [ref(4)], name: 'MalformedMessage', why: 'an origin outside the set' },
    { batches: [ref(1, 1, { expiresAt: 1 })], name: 'BatchExpired', why: 'a batch past its time' },
    { batches: Array.from({ length: 9 }, (_, i) => ref(1, i + 1, { bytes: 500_000 })), name: 'MalformedMessage', why: 'more than 4 MiB' },
  ])('references: $why → $name', ({ batches, name }) => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block(0, {}, batches)));
    expect(b.rejected).toEqual([name]);
    expect(b.asked).toEqual([]);
  });

  it('the sender does not lead the view → WrongValidator', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block(), b.leader(1)));
    expect(b.rejected).toEqual(['WrongValidator']);
  });

  it('bodies are missing: they are asked for once, and the Prepare follows when all are here', () => {
    const b = new Bench(3);
    const block = b.block(0, {}, [ref(1), ref(2)]);
    b.hear(b.prePrepare(0, block));
    expect(b.asked).toEqual([]);
    expect(b.of('obtain').map((e) => [e.digest, e.from.includes(b.leader(0)), e.from.includes(b.self)])).toEqual([
      [digestOf(block), true, false],
    ]);
    b.tick(100);
    expect(b.ever('obtain').length).toBe(1);
    b.feed({ type: 'bodies', block: digestOf(block) });
    expect(b.asked).toEqual(['prepare@0']);
  });

  it('storage has not executed the height before: nothing is voted on above it', () => {
    const b = new Bench(3);
    const block = b.block();
    b.decide(block);
    b.hear(b.prePrepare(0, b.block(0, { height: 2 }), b.peers[0]));
    expect(b.asked).toEqual([]);
    expect(b.state.height).toBe(1);
  });

  it('a clock that was wrong: the leader’s resend is looked at again', () => {
    const b = new Bench(3);
    const message = b.prePrepare(0, b.block(0, { time: b.now + 6000 }));
    b.hear(message);
    expect(b.rejected).toEqual(['MessageExpired']);
    b.now += 1500;
    b.hear(message);
    expect(b.asked).toEqual(['prepare@0']);
  });
});

describe('K6 another root in a certified header stops the validator', () => {
  const halts = (b: Bench) => b.of('halt').map((e) => e.name);

  it('certified by a quorum of Prepares', () => {
    const b = new Bench(3);
    const block = b.block(0, { stateRoot: other });
    b.hear(
      b.prePrepare(0, block),
      b.prepare(b.peers[1] as number, 0, digestOf(block)),
      b.prepare(b.peers[2] as number, 0, digestOf(block)),
    );
    expect(b.of('fetch-block').map((e) => e.digest)).toEqual([digestOf(block)]);
    b.feed({ type: 'block', block, certificate: undefined });
    expect(halts(b)).toEqual(['StateForkDetected']);
    b.tick(100_000);
    expect(b.last).toEqual([]);
  });

  it('certified by a quorum of Commits', () => {
    const b = new Bench(3);
    const block = b.block(0, { stateRoot: other });
    b.decide(block);
    expect(halts(b)).toEqual(['StateForkDetected']);
    expect(b.ever('commit')).toEqual([]);
  });
});
