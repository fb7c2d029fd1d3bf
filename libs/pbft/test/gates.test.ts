import { type Certificate, certificateDigest, type Message } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { type Admitted, type InPhase, phaseGate, quorumGate, stakeGate, standardRules, type Weighed } from '../src/index.ts';
import { Bench, digestOf } from './support/bench.ts';

const a = 'a'.repeat(64);
const z = 'f'.repeat(64);
/** What gates 5 and 6 say. */
function verdict(b: Bench, m: Message): string {
  const weighed = stakeGate(b.params.set, standardRules, m);
  if (typeof weighed === 'string') return `6 ${weighed}`;
  const inPhase = phaseGate(b.state, weighed);
  if (typeof inPhase === 'string') return `5 ${inPhase}`;
  const admitted = quorumGate(b.state, inPhase);
  return typeof admitted === 'string' ? `6 ${admitted}` : 'admitted';
}
const others = (b: Bench, view: number) => b.peers.find((i) => i !== b.leader(view)) as number;
/** It left view 0 and waits for the NewView of view 1. */
function leave(b: Bench): Bench {
  b.tick(10_000);
  b.sign();
  return b;
}
/** Its height is final by a certificate, storage is at work. */
function decide(b: Bench, kind: 'commit' | 'fast' = 'commit'): Bench {
  const block = b.block();
  b.hear(b.prePrepare(0, block));
  const certificate = b.certificate(kind, 0, digestOf(block), kind === 'fast' ? b.order : b.peers);
  b.feed({ type: 'notice', from: b.peers[0] as number, height: 1, certificate });
  return b;
}

type Row = [sentence: string, expected: string, message: (b: Bench) => Message, before?: (b: Bench) => unknown];
const table: Row[] = [
  ['a Prepare of this view', 'admitted', (b) => b.prepare(others(b, 0), 0, a)],
  ['a Prepare before its PrePrepare', 'admitted', (b) => b.prepare(others(b, 3), 3, a)],
  ['a Prepare of a view that was left', '5 InvalidView', (b) => b.prepare(others(b, 0), 0, a), leave],
  ['a Commit of a view that was left: it may still make the block final', 'admitted', (b) => b.commit(others(b, 0), 0, a), leave],
  ['a vote seventeen views ahead', '5 SequenceGap', (b) => b.prepare(others(b, 1), 17, a)],
  ['a PrePrepare of the leader', 'admitted', (b) => b.prePrepare(0, b.block())],
  ['a PrePrepare of somebody else', '5 WrongValidator', (b) => b.prePrepare(0, b.block(), others(b, 0))],
  [
    'a NewView of somebody else',
    '5 WrongValidator',
    (b) =>
      b.newView(
        1,
        b.order.slice(0, 3).map((i) => b.viewChange(i, 1)),
        others(b, 1),
      ),
  ],
  ['a NewView of the view that is active', '6 DuplicateMessage', (b) => newView(b, 1), (b) => enter(leave(b), 1)],
  ['a NewView of a lower view', '5 InvalidView', (b) => newView(b, 1), (b) => enter(leave(b), 2)],
  [
    'a NewView of too few',
    '6 QuorumNotReached',
    (b) =>
      b.newView(
        1,
        b.peers.slice(0, 2).map((i) => b.viewChange(i, 1)),
      ),
  ],
  ['another NewView of one leader', '6 EquivocationDetected', (b) => newView(b, 1, { view: 0, digest: z }), (b) => b.hear(newView(b, 1))],
  ['a ViewChange into this view or below', '5 InvalidView', (b) => b.viewChange(others(b, 0), 1), (b) => enter(leave(b), 2)],
  ['a second ViewChange of one validator', '6 EquivocationDetected', (b) => forked(b), (b) => b.hear(b.viewChange(others(b, 1), 1))],
  [
    'a PreparedCert of two',
    '6 QuorumNotReached',
    (b) => b.viewChange(others(b, 1), 1, { prepared: b.certificate('prepared', 0, a, b.peers.slice(1)) }),
  ],
  ['the same vote again', '6 DuplicateMessage', (b) => b.commit(others(b, 0), 0, a), (b) => b.hear(b.commit(others(b, 0), 0, a))],
  ['another vote in its place', '6 EquivocationDetected', (b) => b.commit(others(b, 0), 0, z), (b) => b.hear(b.commit(others(b, 0), 0, a))],
  [
    'a PrePrepare whose vote came by itself',
    'admitted',
    (b) => b.prePrepare(0, b.block()),
    (b) => b.hear(b.prepare(b.leader(0), 0, digestOf(b.block()))),
  ],
  [
    'a PrePrepare against its own Prepare',
    '6 EquivocationDetected',
    (b) => b.prePrepare(0, b.block()),
    (b) => b.hear(b.prepare(b.leader(0), 0, a)),
  ],
  ['a late vote for a final block', 'admitted', (b) => b.commit(others(b, 0), 0, digestOf(b.block())), (b) => decide(b)],
  ['its PrePrepare, come late', '6 DuplicateMessage', (b) => b.prePrepare(0, b.block()), (b) => decide(b)],
  ['another block above the view in which one is final', '5 InvalidPhase', (b) => b.prePrepare(1, b.block(1)), (b) => decide(b)],
  ['a ViewChange at a height that is final: a question', 'admitted', (b) => b.viewChange(others(b, 0), 1), (b) => decide(b)],
];
function newView(b: Bench, view: number, lastVote?: { view: number; digest: string }): Message {
  return b.newView(
    view,
    b.peers.map((i) => b.viewChange(i, view, { lastVote })),
  );
}
function enter(b: Bench, view: number): void {
  const set = b.peers.map((i) => b.viewChange(i, view));
  b.hear(...set, b.newView(view, set));
}
const forked = (b: Bench): Message => b.viewChange(others(b, 1), 1, { lastVote: { view: 0, digest: z } });

const rows = table.map(([sentence, expected, message, before = () => {}]) => [sentence, expected, message, before] as const);

describe('C5 gates 5 and 6: a function of state and message', () => {
  it.each(rows)('%s: %s', (_, expected, message, before) => {
    const b = new Bench(3);
    before(b);
    const { state } = b;
    expect(verdict(b, message(b))).toBe(expected);
    expect(b.state).toBe(state);
  });

  it.each(rows)('the engine goes through the same gates: %s', (_, expected, message, before) => {
    const b = new Bench(3);
    before(b);
    const m = message(b);
    b.hear(m);
    const isSilent = b.state.decided !== undefined && expected === '6 DuplicateMessage'; // late repeats are the normal case
    expect(b.rejected).toEqual(expected === 'admitted' || isSilent ? [] : [expected.slice(2)]);
    for (const rejected of b.of('reject')) expect(rejected.message).toBe(m);
  });
});

describe('C5, K1: what a message shows is weighed wherever the message belongs', () => {
  it('a PrePrepare of the next height, whose certificate one validator signed, makes nothing final', () => {
    const b = new Bench(3);
    const block = b.block();
    const parent = digestOf(block);
    const liar = others(b, 0);
    b.hear(b.prePrepare(0, block));
    const shown = (certificate: Certificate): Message => {
      const next = b.block(0, { height: 2, parent, certificate: certificateDigest(certificate) });
      return { ...b.prePrepare(0, next, liar), certificate };
    };
    for (const m of [shown(b.certificate('commit', 0, parent, [liar])), shown(b.certificate('fast', 0, parent, b.peers))]) {
      b.hear(m);
      expect([b.rejected, b.of('commit'), b.state.decided]).toEqual([['QuorumNotReached'], [], undefined]);
    }
    b.hear(shown(b.certificate('commit', 0, parent, b.peers)));
    expect(b.state.decided?.digest).toBe(parent);
  });

  it('a ViewChange that a NewView names, with a PreparedCert that one validator signed, does not say what must be proposed', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block));
    leave(b);
    const [liar, ...honest] = [b.leader(1), b.leader(0), b.leader(2)] as const;
    const lastVote = { view: 0, digest: digestOf(block) };
    const set = honest.map((i) => b.viewChange(i, 1, { lastVote }));
    const lie = b.viewChange(liar, 1, { prepared: b.certificate('prepared', 0, z, [liar]) });
    b.hear(...set, b.newView(1, [lie, ...set]));
    expect(b.of('fetch-view-change').map((e) => e.validator)).toEqual([liar]);
    b.hear(lie);
    expect([b.rejected, b.state.standing, b.state.mandatory]).toEqual([['QuorumNotReached'], 'changing', undefined]);
  });
});

describe('C5 who shows that it does not know of the final block is told when storage holds it', () => {
  it.each([
    ['a ViewChange', 'commit', (b: Bench) => b.viewChange(others(b, 0), 1), true],
    ['a Commit where all Prepares made it final', 'fast', (b: Bench) => b.commit(others(b, 0), 0, digestOf(b.block())), true],
    ['a late Commit among others', 'commit', (b: Bench) => b.commit(others(b, 0), 0, digestOf(b.block())), false],
    ['a late Prepare', 'commit', (b: Bench) => b.prepare(others(b, 0), 0, digestOf(b.block())), false],
  ] as const)('%s', (_, kind, message, isTold) => {
    const b = decide(new Bench(3), kind);
    b.hear(message(b), message(b));
    b.feed({ type: 'executed', height: 1, stateRoot: a, resultsRoot: a });
    expect(b.of('notify').map((e) => e.to)).toEqual(isTold ? [others(b, 0)] : []);
  });
});

it('C5 no gate takes what the one before did not let through: the compiler says so', () => {
  const b = new Bench(3);
  const raw: Message = b.prepare(others(b, 0), 0, a);
  // @ts-expect-error nobody has weighed what it stands on
  const weighed: Weighed = raw;
  // @ts-expect-error a message is not in phase before gate 5
  const inPhase: InPhase = weighed;
  // @ts-expect-error and not admitted before gate 6
  const admitted: Admitted = inPhase;
  // @ts-expect-error gate 6 takes nothing else
  expect(quorumGate(b.state, weighed)).toBe(admitted);
});
