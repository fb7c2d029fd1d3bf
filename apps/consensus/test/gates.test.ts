import { toBitmap } from '@bursar/membership';
import type { ViewChange } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { SignatureWorker } from '../src/adapters/signature-worker.ts';
import type { Structured } from '../src/core/gates/gate-1-structure.ts';
import type { Authentic } from '../src/core/gates/gate-2-signature.ts';
import type { Sequenced, sequenceGate } from '../src/core/gates/gate-3-sequence.ts';
import type { Fresh } from '../src/core/gates/gate-4-replay.ts';
import type { SignaturePort } from '../src/ports.ts';
import { A, B, Rig } from './support/rig.ts';

const HOUR = 3_600_000;
const leader = (r: Rig, view = 0) => r.order[view] as number;
const peer = (r: Rig) => r.order[1] as number;

const preparedBy = (r: Rig, i: number): ViewChange => {
  const { chain } = r;
  const { height } = r.state;
  const signatures = [r.signed(i, 'prepare', 0, A).signature];
  const prepared = { kind: 'prepared' as const, chain, epoch: 0, height, view: 0, digest: A, signers: toBitmap([i], 4), signatures };
  return { lastVote: undefined, prepared };
};

type Row = [sentence: string, refused: string[], accepted: string[], send: (r: Rig) => unknown];
const table: Row[] = [
  ['a vote of the open height', [], ['prepare'], (r) => r.send(r.vote('prepare', peer(r)))],
  ['bytes that are no message', ['MalformedMessage'], [], (r) => r.pipeline.onMessage(new Uint8Array(99).fill(7), 1)],
  ['no bytes', ['MalformedMessage'], [], (r) => r.pipeline.onMessage(new Uint8Array(), 1)],
  ['more than 10 KiB', ['MalformedMessage'], [], (r) => r.pipeline.onMessage(new Uint8Array(10_241), 1)],
  [
    'content that was not signed',
    ['MalformedMessage'],
    [],
    (r) => r.send({ ...r.viewChange(peer(r), 1), content: { lastVote: { view: 0, digest: A }, prepared: undefined } } as never),
  ],
  [
    'an hour and a second old, of a height that is over',
    ['MessageExpired'],
    [],
    (r) => r.send(r.vote('commit', peer(r), 0, A, 4), { ageMs: HOUR + 1_000 }),
  ],
  [
    'a minute and a second in the future, of a height that is over',
    ['MessageExpired'],
    [],
    (r) => r.send(r.vote('commit', peer(r), 0, A, 4), { ageMs: -61_000 }),
  ],
  [
    'a day old, of the open height and view: it never expires',
    [],
    ['commit'],
    (r) => r.send(r.vote('commit', peer(r)), { ageMs: 24 * HOUR }),
  ],
  [
    'a day old, of a later height: the clock is a hint',
    [],
    ['commit'],
    (r) => r.send(r.vote('commit', peer(r), 0, A, 9), { ageMs: 24 * HOUR }),
  ],
  ['on a subject without a validator', ['UnknownValidator'], [], (r) => r.pipeline.onMessage(r.pack(r.vote('prepare', 1)), undefined)],
  ['on the subject of a validator that does not exist', ['UnknownValidator'], [], (r) => r.send(r.vote('prepare', 1), {}, 9)],
  ['on another validator’s subject', ['UnknownValidator'], [], (r) => r.send(r.vote('prepare', peer(r)), {}, leader(r))],
  [
    'of another epoch',
    ['UnknownValidator'],
    [],
    (r) => r.send({ kind: 'prepare', vote: r.signed(peer(r), 'prepare', 0, A, 5, { epoch: 1 }) }),
  ],
  ['of another chain', ['WrongChain'], [], (r) => r.send({ kind: 'prepare', vote: r.signed(peer(r), 'prepare', 0, A, 5, { chain: B }) })],
  ['a forged signature', ['InvalidSignature'], [], (r) => r.send(r.vote('prepare', peer(r)), { forged: true })],
  ['1,000 heights ahead: it is kept', [], ['prepare'], (r) => r.send(r.vote('prepare', peer(r), 0, A, 1_005))],
  ['1,001 heights ahead', ['SequenceGap'], [], (r) => r.send(r.vote('prepare', peer(r), 0, A, 1_006))],
  ['a height that is over: it is answered', ['OutOfSequence'], [], (r) => r.send(r.vote('prepare', peer(r), 0, A, 2))],
  ['a view that was left', ['InvalidView'], [], (r) => [r.leaveView(), r.send(r.vote('prepare', peer(r)))]],
  ['a NewView of somebody who does not lead', ['WrongValidator'], [], (r) => r.send(r.newView(leader(r, 0), 1, [0, 1, 2]))],
  ['the next height, on a certificate of a quorum: it is kept', [], ['pre-prepare'], (r) => r.send(r.prePrepare(leader(r), 0, 6))],
  ['the next height, on a certificate of one', ['QuorumNotReached'], [], (r) => r.send(r.prePrepare(leader(r), 0, 6, [leader(r)]))],
  ['a ViewChange with a PreparedCert of one', ['QuorumNotReached'], [], (r) => r.send(r.viewChange(peer(r), 1, preparedBy(r, peer(r))))],
  ['a NewView of two', ['QuorumNotReached'], [], (r) => r.send(r.newView(leader(r, 1), 1, [0, 1]))],
  [
    'two digests of one validator',
    ['EquivocationDetected'],
    ['prepare'],
    (r) => [r.send(r.vote('prepare', peer(r))), r.send(r.vote('prepare', peer(r), 0, B))],
  ],
];

describe('C5 a message goes through six gates in order', () => {
  it.each(table)('%s', async (_, refused, accepted, send) => {
    const r = new Rig({ height: 5 });
    send(r);
    await r.settled();
    expect([r.names, r.accepted.map((a) => a.kind)]).toEqual([refused, accepted]);
    for (const one of r.refused) if (one.kind !== 'unknown') expect(one.msgId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('earlier gates speak first: forged before far ahead, far ahead before repeated, repeated before its view was left', async () => {
    const r = new Rig({ height: 5 });
    const far = r.vote('prepare', peer(r), 0, A, 5_000);
    r.send(far, { forged: true });
    r.send(far);
    r.send(far);
    await r.settled();
    const vote = r.vote('prepare', peer(r));
    r.send(vote);
    await r.settled();
    r.leaveView();
    r.clock.ms -= 60_000;
    r.send(vote);
    await r.settled();
    r.clock.ms += 1_000;
    r.send(vote);
    await r.settled();
    expect(r.names).toEqual(['InvalidSignature', 'SequenceGap', 'SequenceGap', 'DuplicateMessage', 'InvalidView']);
    expect(r.farAhead).toEqual([
      { from: peer(r), height: 5_000 },
      { from: peer(r), height: 5_000 },
    ]);
  });

  it('what the engine refused is not remembered as a repeat, and its certificate answers whoever asks about a height that is over', async () => {
    const r = new Rig({ height: 5 });
    r.clock.ms += 10_000;
    for (let i = 0; i < 3; i++) r.send(r.vote('prepare', peer(r), 0, A, 2));
    await r.settled();
    expect(r.names).toEqual(['OutOfSequence', 'OutOfSequence', 'OutOfSequence']);
    expect(r.effects.filter((e) => e.type === 'notify').length).toBe(3);
  });

  it('an echo of ours is dropped; with our signature but not from here it goes on to the engine', async () => {
    const r = new Rig({ parts: { isOurs: (id) => id === '01'.repeat(16) } });
    const own = r.vote('prepare', r.self);
    r.send(own, { msgId: new Uint8Array(16).fill(1) });
    r.send(own, { msgId: new Uint8Array(16).fill(2) });
    await r.settled();
    expect(r.names).toEqual(['SignerBehind']);
  });

  it('a held message that is refused when its height opens still bears its id', async () => {
    const r = new Rig();
    r.send(r.newView(leader(r, 1), 1, [0, 1]));
    await r.settled();
    expect(r.refused[0]).toMatchObject({ kind: 'new-view', sender: leader(r, 1), msgId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  it('no gate takes what the one before did not let through: the compiler says so', () => {
    const raw = {} as Structured;
    // @ts-expect-error gate 3 does not take what only gate 1 saw
    const third: Parameters<typeof sequenceGate>[0] = raw;
    // @ts-expect-error nor is that authentic
    const authentic: Authentic = raw;
    // @ts-expect-error nor in sequence
    const sequenced: Sequenced = authentic;
    // @ts-expect-error nor fresh
    const fresh: Fresh = sequenced;
    expect([fresh, third]).toEqual([raw, raw]);
  });
});

describe('C5, C6: verification', () => {
  it('what was verified once is not verified again, whoever brings it', async () => {
    const r = new Rig();
    const vote = r.vote('prepare', peer(r));
    r.send(vote);
    await r.settled();
    r.send(vote);
    await r.settled();
    expect([r.verified, r.names]).toEqual([1, ['DuplicateMessage']]);
  });
  it('messages of one turn are one job, with the forged ones picked out', async () => {
    const jobs: number[] = [];
    const worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: (error) => Promise.reject(error) });
    await worker.start();
    const signatures: SignaturePort = {
      verify(groups) {
        jobs.push(groups.length);
        return worker.verify(groups);
      },
    };
    const r = new Rig({ parts: { inPlaceMax: 2, signatures } });
    for (const i of [0, 1]) r.send(r.vote('prepare', r.order[i] as number));
    await r.settled();
    expect(jobs).toEqual([]);
    for (const view of [1, 2, 3, 4, 5]) r.send(r.vote('commit', peer(r), view), { forged: view === 3 });
    await r.settled();
    expect([jobs, r.names, r.accepted.length, r.verified]).toEqual([[5], ['InvalidSignature'], 6, 2]);
    await worker.close();
  });
  it('a sender pays for the signatures in its certificates as for messages', async () => {
    const r = new Rig({ parts: { rate: { perSecond: 1, burst: 4 } } });
    const prepared = { kind: 'prepared' as const, chain: r.chain, epoch: 0, height: 1, view: 0, digest: A, signers: new Uint8Array([7]) };
    const signatures = [0, 1, 2].map((i) => r.signed(i, 'prepare', 0, A).signature);
    r.send(r.viewChange(peer(r), 1, { lastVote: undefined, prepared: { ...prepared, signatures } }));
    await r.settled();
    r.send(r.vote('commit', peer(r)));
    r.send(r.vote('commit', leader(r)));
    await r.settled();
    expect([r.names, r.accepted.map((a) => a.kind)]).toEqual([['RateLimited'], ['view-change', 'commit']]);
  });
});

describe('C6: what one sender can take from another', () => {
  it('messages on subjects that are not the sender’s do not use up what it may say on its own, nor are they verified', async () => {
    const r = new Rig({ parts: { rate: { perSecond: 10, burst: 10 } } });
    for (let i = 0; i < 100; i++) r.send(r.vote('prepare', peer(r), 0, A, 5 + i), { forged: true }, leader(r));
    await r.settled();
    expect(r.verified).toBe(0);
    r.send(r.vote('prepare', peer(r)));
    await r.settled();
    expect(r.accepted.map((a) => a.sender)).toEqual([peer(r)]);
  });
  it('a flood of one sender delays nobody: its room is bounded, and the others have their turn in every job', async () => {
    const order: number[] = [];
    const r = new Rig({ parts: { room: { messages: 50, bytes: 1_000_000 }, onAccepted: (_, sender) => order.push(sender) } });
    for (let i = 0; i < 200; i++) r.send(r.vote('commit', peer(r), 0, i.toString(16).padStart(64, '0'), 1 + i));
    r.send(r.vote('commit', leader(r)));
    await r.settled();
    expect(r.names.filter((n) => n === 'QueueFull').length).toBe(150);
    expect(order.indexOf(leader(r))).toBeLessThan(3);
  });
});
