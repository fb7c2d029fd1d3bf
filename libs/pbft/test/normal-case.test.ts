import { digest, limits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { startAfter } from '../src/index.ts';
import { mostRefs } from '../src/select-batches.ts';
import { Bench, digestOf, ref, signedVote } from './support/bench.ts';
import { equalStakes, worldOf } from './support/network.ts';

const types = (b: Bench) => b.last.map((e) => (e.type === 'record' ? `record ${e.record.kind}` : e.type));

describe('K1 normal case', () => {
  it('the leader proposes an empty block when the interval is over, and not before', () => {
    const b = new Bench(0);
    b.tick(999);
    expect(b.asked).toEqual([]);
    b.tick(1);
    expect(b.asked).toEqual(['prepare@0']);
  });

  it('the leader proposes at once when batches are offered', () => {
    const b = new Bench(0);
    b.feed({ type: 'offer', batches: [ref(2), ref(2, 2), ref(1)] });
    const [asked] = b.of('sign');
    if (asked?.message.kind !== 'pre-prepare') throw new Error('no proposal');
    expect(asked.message.block.batches.map((r) => [r.origin, r.number])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
  });

  it('writes block and intent before it has the PrePrepare signed, and sends it when it is', () => {
    const b = new Bench(0);
    b.tick(1000);
    expect(types(b)).toEqual(['transition', 'record proposal', 'record intent', 'sign', 'wake']);
    const [message] = b.sign();
    expect(message?.kind).toBe('pre-prepare');
    expect(b.of('broadcast').map((e) => e.message)).toEqual([message]);
  });

  it('a replica: PrePrepare → Prepare → PreparedCert, Commit → CommitCert, commit → next height', () => {
    const b = new Bench(3);
    const [leader, second, third] = b.peers as [number, number, number];
    const block = b.block();
    const d = digestOf(block);
    b.hear(b.prePrepare(0, block));
    expect(types(b)).toEqual(['transition', 'record proposal', 'record intent', 'sign']);
    b.sign();
    expect(b.state.phase).toBe('WaitingForPrepares');
    b.hear(b.prepare(second, 0, d));
    expect(types(b)).toEqual(['record prepared', 'transition', 'record intent', 'sign']);
    b.sign();
    expect(b.state.phase).toBe('WaitingForCommits');
    b.hear(b.commit(leader, 0, d));
    expect(b.last).toEqual([]);
    b.hear(b.commit(third, 0, d));
    expect(types(b)).toEqual(['record final', 'transition', 'commit']);
    expect(b.of('commit')[0]?.certificate).toEqual(b.certificate('commit', 0, d, [leader, third, b.self]));
    b.feed({ type: 'executed', height: 1, stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) });
    expect(types(b)).toEqual(['transition', 'record floor']);
    expect([b.state.height, b.state.phase, b.state.tip.stateRoot]).toEqual([2, 'Idle', 'c'.repeat(64)]);
    const path = b.ever('transition').map((e) => e.to);
    expect(path).toEqual(['WaitingForPrepares', 'Prepared', 'WaitingForCommits', 'Committed', 'Idle']);
  });

  it('every record that a signature rests on is urgent; a signature can be had again', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block()));
    b.sign();
    const urgent = b.ever('record').map((e) => [e.record.kind, e.urgent]);
    expect(urgent).toEqual([
      ['proposal', true],
      ['intent', true],
      ['signed', false],
    ]);
  });

  it('counts stake, not heads: (34, 34, 31, 1) prepares with the two large ones and not with three others', () => {
    const world = worldOf([34n, 34n, 31n, 1n]);
    const b = new Bench(3, world);
    const block = b.block();
    b.hear(b.prePrepare(0, block));
    b.sign();
    const voters = new Set([b.leader(0), b.self]);
    for (const i of [3, 2, 1, 0].filter((v) => !voters.has(v))) {
      const stake = [...voters].reduce((sum, v) => sum + (world.set.validators[v]?.stake ?? 0n), 0n);
      expect(b.state.prepared !== undefined).toBe(stake >= 67n);
      b.hear(b.prepare(i, 0, digestOf(block)));
      voters.add(i);
    }
    expect(b.state.decided?.certificate.kind).toBe('fast'); // 100 of 100
  });

  it('after a block with content the next leader proposes at once, empty if need be', () => {
    for (const batches of [[], [ref(1)]]) {
      const b = new Bench(3);
      const block = b.block(0, {}, batches);
      b.decide(block);
      b.feed({ type: 'executed', height: 1, stateRoot: digest('x'), resultsRoot: digest('y') });
      expect(b.state.dueAt - b.now).toBe(batches.length > 0 ? 0 : 1000);
    }
  });
});

describe('what a proposal may hold', () => {
  const offer = (place: number, batches: ReturnType<typeof ref>[]) => {
    const b = new Bench(place);
    b.feed({ type: 'offer', batches });
    const message = b.of('sign')[0]?.message;
    return message?.kind === 'pre-prepare' ? message.block.batches : undefined;
  };
  const many = (origin: number, count: number, bytes = 100) => Array.from({ length: count }, (_, i) => ref(origin, i + 1, { bytes }));

  it.each([
    { batches: [ref(1, 2)], holds: undefined, why: 'a batch whose forerunner is missing makes no proposal due' },
    { batches: [ref(1, 1, { expiresAt: 5 })], holds: undefined, why: 'nor does an expired one' },
    { batches: [ref(1, 1), ref(1, 3)], holds: 1, why: 'up to the gap' },
    { batches: many(1, 100), holds: 64, why: 'at most 64' },
    { batches: many(1, 20, 500_000), holds: 8, why: 'at most 4 MiB' },
  ])('$holds: $why', ({ batches, holds }) => {
    expect(offer(0, batches)?.length).toBe(holds);
  });

  it('all origins get their share', () => {
    const chosen = offer(0, [...many(0, 100), ...many(1, 100), ...many(2, 5)]);
    expect([0, 1, 2].map((origin) => chosen?.filter((r) => r.origin === origin).length).sort()).toEqual([29, 30, 5].sort());
  });

  it('C2: beside the certificate of many validators fewer references fit into 10 KiB, beside that of all that may be still some', () => {
    const certificate = (n: number) => ({ signatures: new Array(n).fill(new Uint8Array(64)) }) as never;
    expect([undefined, certificate(3), certificate(67), certificate(limits.validators)].map(mostRefs)).toEqual([64, 64, 64, 20]);
  });
});

describe('C5 messages that are early, late or double', () => {
  it('Prepares that overtake their PrePrepare count when it comes', () => {
    const b = new Bench(3);
    const block = b.block();
    for (const i of b.peers.slice(1)) b.hear(b.prepare(i, 0, digestOf(block)));
    expect(b.asked).toEqual([]);
    b.hear(b.prePrepare(0, block));
    expect(b.asked).toEqual(['prepare@0', 'commit@0']);
  });

  it.each([
    { kind: 'prepare' as const, again: 'DuplicateMessage', other: 'EquivocationDetected' },
    { kind: 'commit' as const, again: 'DuplicateMessage', other: 'EquivocationDetected' },
  ])('of one sender the first $kind counts: again is $again, another digest $other', ({ kind, again, other }) => {
    const b = new Bench(3);
    const from = b.peers[1] as number;
    b.hear(b[kind](from, 0, 'a'.repeat(64)));
    expect(b.rejected).toEqual([]);
    b.hear(b[kind](from, 0, 'a'.repeat(64)));
    expect(b.rejected).toEqual([again]);
    b.hear(b[kind](from, 0, 'b'.repeat(64)));
    expect(b.rejected).toEqual([other]);
  });

  it('a second PrePrepare of the leader is an equivocation, also against its own Prepare', () => {
    const b = new Bench(3);
    b.hear(b.prepare(b.leader(0), 0, 'a'.repeat(64)));
    b.hear(b.prePrepare(0, b.block()));
    expect(b.rejected).toEqual(['EquivocationDetected']);
    expect(b.asked).toEqual([]);
  });

  it('a quorum prepared another block of the same view: it is fetched, committed and never prepared by us', () => {
    const b = new Bench(6, worldOf(equalStakes(7)));
    const theirs = b.block(0, { time: b.now + 1 });
    b.hear(b.prePrepare(0, b.block()));
    b.sign();
    for (const i of b.peers.slice(1)) b.hear(b.prepare(i, 0, digestOf(theirs)));
    expect(b.of('fetch-block').map((e) => e.digest)).toEqual([digestOf(theirs)]);
    b.feed({ type: 'block', block: theirs, certificate: undefined });
    expect(types(b)).toEqual(['record proposal', 'record prepared', 'transition', 'record intent', 'sign']);
    expect(b.asked).toEqual(['commit@0']);
  });

  it('a PrePrepare of the next height over a block that we lack: its sender is asked', () => {
    const b = new Bench(3);
    const d = digestOf(b.block());
    const next = b.prePrepare(0, b.block(0, { height: 2, parent: d }), b.peers[1]);
    b.hear({ ...next, certificate: b.certificate('commit', 0, d, b.peers) });
    expect(b.of('catch-up')).toEqual([{ type: 'catch-up', height: 1, from: [b.peers[1]] }]);
  });

  describe('catch-up gave storage blocks of others (K7)', () => {
    /** Heights 1 to `count`, as others made them. */
    const chainOf = (b: Bench, count: number) => {
      const blocks = [b.block()];
      while (blocks.length < count) {
        const { header } = blocks.at(-1) as (typeof blocks)[0];
        blocks.push(
          b.block(0, { height: header.height + 1, parent: digestOf(blocks.at(-1) as (typeof blocks)[0]), time: header.time + 1 }),
        );
      }
      const newest = blocks.at(-1) as (typeof blocks)[0];
      const certificates = blocks.map((x, i) => ({ ...b.certificate('commit', 0, digestOf(x), b.peers), height: i + 1 }));
      const start = startAfter(b.world.start, blocks, certificates.at(-1) as (typeof certificates)[0], 'c'.repeat(64), 'd'.repeat(64));
      return { newest, certificates, start };
    };
    const caughtUp = ({ certificates, start }: ReturnType<typeof chainOf>) => ({ type: 'caught-up' as const, certificates, start });

    it('the height above them opens, whatever was under way below; the log may forget what is under it', () => {
      const b = new Bench(3);
      const block = b.block();
      b.hear(b.prePrepare(0, block));
      b.feed({ type: 'bodies', block: digestOf(block) });
      b.sign();
      const made = chainOf(b, 9);
      const { newest } = made;
      b.feed(caughtUp(made));
      expect([b.state.height, b.state.view, b.state.lastVote, b.state.sent]).toEqual([10, 0, undefined, []]);
      expect(b.state.tip).toMatchObject({ digest: digestOf(newest), stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) });
      expect(b.of('record').map((e) => [e.record, e.urgent])).toEqual([[{ kind: 'floor', height: 9, block: digestOf(newest) }, false]]);
    });

    it('a block that was decided here and is among them is not executed a second time', () => {
      const b = new Bench(3);
      b.decide(b.block());
      b.feed(caughtUp(chainOf(b, 3)));
      b.feed({ type: 'executed', height: 1, stateRoot: 'e'.repeat(64), resultsRoot: 'f'.repeat(64) });
      expect([b.state.height, b.state.tip.stateRoot, b.state.decided]).toEqual([4, 'c'.repeat(64), undefined]);
    });

    it('what is open here already stays open', () => {
      const b = new Bench(3);
      const before = chainOf(b, 2);
      b.feed(caughtUp(chainOf(b, 4)));
      b.feed(caughtUp(before));
      expect([b.state.height, b.last]).toEqual([5, []]);
    });

    it('messages of the height that opens were kept; those of heights in between are forgotten', () => {
      const b = new Bench(3);
      const of = (height: number) => {
        const { vote } = b.commit(b.peers[0] as number, 0, 'a'.repeat(64));
        return { kind: 'commit' as const, vote: { ...vote, vote: b.vote('commit', 0, 'a'.repeat(64), height) } };
      };
      b.hear(of(2));
      b.feed(caughtUp(chainOf(b, 1)));
      expect(b.state.tallies.get(0)?.commits.votes[b.peers[0] as number]).toBeDefined();
      b.hear(of(3));
      b.feed(caughtUp(chainOf(b, 6)));
      expect([b.state.tallies.size, b.state.early.flat(), b.rejected, b.of('notify')]).toEqual([0, [], [], []]);
    });

    it('whoever voted otherwise at a height that is passed is convicted by the certificates', () => {
      const b = new Bench(3);
      const made = chainOf(b, 5);
      const [liar] = b.peers as [number];
      const other = (height: number) => {
        const { vote } = b.commit(liar, 0, 'a'.repeat(64));
        return { kind: 'commit' as const, vote: signedVote(liar, { ...vote.vote, height }) };
      };
      b.hear(other(1), other(2));
      b.feed(caughtUp(made));
      expect(b.of('evidence').map((e) => [e.evidence.validator, e.evidence.height])).toEqual([
        [liar, 1],
        [liar, 2],
      ]);
      b.hear(other(4)); // long over, and still remembered
      expect(b.of('evidence').map((e) => e.evidence.height)).toEqual([4]);
    });

    it('a validator that is mute stays mute up to its height', () => {
      const b = new Bench(3);
      b.state = { ...b.state, muteBelow: 6 };
      b.feed(caughtUp(chainOf(b, 3)));
      expect([b.state.height, b.state.muteBelow]).toEqual([4, 6]);
    });
  });

  it('a lying claim does not keep the answers of honest ones away: all that are ahead are asked', () => {
    const b = new Bench(3);
    const [liar, honest] = b.peers as [number, number];
    b.feed({ type: 'notice', from: liar, height: 1_000_000 });
    expect(b.of('catch-up').map((e) => e.from)).toEqual([[liar]]);
    b.feed({ type: 'notice', from: honest, height: 5 });
    expect(b.of('catch-up')).toEqual([]);
    b.tick(500);
    expect(b.of('catch-up').map((e) => e.from.toSorted())).toEqual([[liar, honest].toSorted()]);
  });

  it.each([
    { height: 3, name: [], effect: 'catch-up', why: 'two ahead: it is kept, and says that two are final' },
    { height: 1_001, name: [], effect: 'catch-up', why: 'a thousand ahead is still kept' },
    { height: 1_002, name: ['SequenceGap'], effect: 'catch-up', why: 'farther ahead it is not, but says the same' },
    { height: 0, name: ['OutOfSequence'], effect: 'notify', why: 'it is final: the sender is told' },
  ])('height $height: $why', ({ height, name, effect }) => {
    const b = new Bench(3);
    b.now += 10_000;
    const from = b.peers[0] as number;
    b.hear({ kind: 'commit', vote: { ...b.commit(from, 0, 'a'.repeat(64)).vote, vote: b.vote('commit', 0, 'a'.repeat(64), height) } });
    expect(b.rejected).toEqual(name);
    expect(b.last.some((e) => e.type === effect)).toBe(true);
  });

  it('messages of later heights wait, bounded for each sender: the lowest height goes first, and nobody takes another one’s room', () => {
    const b = new Bench(3);
    const [from, other] = b.peers as [number, number];
    const commit = (by: number, height: number) => signedVote(by, b.vote('commit', 0, 'a'.repeat(64), height));
    b.hear({ kind: 'commit', vote: commit(other, 2) });
    for (let height = 2; height < 50; height++) b.hear({ kind: 'commit', vote: commit(from, height) });
    expect(b.state.early[from]?.map((m) => m.vote.vote.height)).toEqual(Array.from({ length: 16 }, (_, i) => 34 + i));
    expect(b.state.early[other]?.length).toBe(1);
    b.hear({ kind: 'commit', vote: commit(other, 2) });
    expect(b.rejected).toEqual(['DuplicateMessage']);
  });

  it('a PrePrepare of the next height brings the certificate that ours lacks', () => {
    const b = new Bench(3);
    const block = b.block();
    const d = digestOf(block);
    b.hear(b.prePrepare(0, block));
    b.sign();
    const next = b.prePrepare(0, b.block(0, { height: 2, parent: d }), b.peers[1]);
    b.hear({ ...next, certificate: b.certificate('commit', 0, d, b.peers) });
    expect(b.of('commit').map((e) => e.certificate.digest)).toEqual([d]);
  });
});
