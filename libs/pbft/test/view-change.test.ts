import type { MessageOf } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { bounds } from '../src/index.ts';
import { Bench, digestOf, ref } from './support/bench.ts';
import { equalStakes, worldOf } from './support/network.ts';

const asks = (b: Bench) => b.of('sign').map((e) => e.message);
const content = (b: Bench) => asks(b).flatMap((m) => (m.kind === 'view-change' ? [m.content] : []))[0];
/** Lets the timer of view 0 run out and signs the ViewChange. */
function leave(b: Bench): MessageOf<'view-change'> {
  b.now = b.state.deadline;
  b.feed({ type: 'tick' });
  return b.sign()[0] as MessageOf<'view-change'>;
}

describe('K6 timers', () => {
  it('view 0 runs from the moment at which a proposal is due', () => {
    const b = new Bench(3);
    b.tick(2999);
    expect(b.asked).toEqual([]);
    b.tick(1);
    expect(b.asked).toEqual(['view-change@1']);
  });

  it('a batch on offer makes a proposal due at once', () => {
    const b = new Bench(3);
    b.feed({ type: 'offer', batches: [ref(0)] });
    expect(b.state.deadline - b.now).toBe(2000);
  });

  it('doubles with each view, starts when a quorum is there, and returns to its base after a final block', () => {
    const b = new Bench(3);
    leave(b);
    expect(b.state.deadline).toBe(Infinity); // alone it asks for no further view
    const seen: number[] = [];
    for (let view = 1; view <= 4; view++) {
      for (const i of b.peers.slice(0, 2)) b.hear(b.viewChange(i, view));
      seen.push(b.state.deadline - b.now);
      b.now = b.state.deadline;
      b.feed({ type: 'tick' });
      b.sign();
      expect(b.state.view).toBe(view + 1);
    }
    expect(seen).toEqual([4000, 8000, 16000, 32000]);
    const block = b.block();
    b.decide(block);
    b.feed({ type: 'executed', height: 1, stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) });
    expect([b.state.view, b.state.deadline - b.state.dueAt]).toEqual([0, 2000]);
  });

  it('a wall clock that is set back moves the timers with it', () => {
    const b = new Bench(3);
    b.tick(100);
    const left = b.state.deadline - b.now;
    b.tick(-900_000);
    expect(b.state.deadline - b.now).toBe(left);
  });

  it('resends its last state for ever', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block()));
    const [prepare] = b.sign();
    for (let i = 0; i < 3; i++) {
      b.tick(500);
      expect(b.of('broadcast').map((e) => e.message)).toEqual([prepare]);
    }
    const viewChange = leave(b);
    for (let i = 0; i < 20; i++) {
      b.tick(500);
      expect(b.of('broadcast').map((e) => e.message)).toEqual([viewChange]);
    }
  });
});

describe('K1 ViewChange', () => {
  it('says nothing voted when nothing was', () => {
    const b = new Bench(3);
    b.tick(3000);
    expect(content(b)).toEqual({ lastVote: undefined, prepared: undefined });
  });

  it('names the last Prepare, even if it never came to a PreparedCert, and even if it is not signed yet', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block));
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    expect(content(b)).toEqual({ lastVote: { view: 0, digest: digestOf(block) }, prepared: undefined });
  });

  it('shows the PreparedCert', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block));
    b.sign();
    b.hear(b.prepare(b.peers[1] as number, 0, digestOf(block)));
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    expect(content(b)?.prepared).toEqual(b.certificate('prepared', 0, digestOf(block), [b.leader(0), b.peers[1] as number, b.self]));
  });

  it('once it is asked for, no vote of the view that was left follows', () => {
    const b = new Bench(3);
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    const block = b.block();
    b.hear(b.prePrepare(0, block), ...b.peers.map((i) => b.prepare(i, 0, digestOf(block))));
    expect(b.ever('sign').map((e) => e.message.kind)).toEqual(['view-change']);
  });

  it('a signature for the view that was left comes too late and is not sent', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block()));
    const [asked] = b.of('sign');
    leave(b);
    b.feed({ type: 'signed', message: { kind: 'prepare', vote: { ...b.prepare(b.self, 0, asked?.message.vote.digest ?? '').vote } } });
    expect(b.last).toEqual([]);
  });

  it('Commits of a view that was left still make the block final', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block));
    b.sign();
    leave(b);
    for (const i of b.peers) b.hear(b.commit(i, 0, digestOf(block)));
    expect(b.of('commit').length).toBe(1);
  });
});

describe('K6 joining', () => {
  const rows = [
    { n: 4, views: [2], joins: undefined, why: 'one of four may be lying' },
    { n: 4, views: [2, 5], joins: 2, why: 'one of two is honest: the lowest of their views' },
    { n: 7, views: [1, 1], joins: undefined, why: 'two of seven may be lying' },
    { n: 7, views: [9, 3, 4], joins: 3, why: 'the lowest of three' },
  ];
  it.each(rows)('n = $n, ViewChanges for $views → $joins: $why', ({ n, views, joins }) => {
    const b = new Bench(n - 1, worldOf(equalStakes(n)));
    for (const [k, view] of views.entries()) b.hear(b.viewChange(b.peers[k] as number, view));
    expect(b.asked).toEqual(joins === undefined ? [] : [`view-change@${joins}`]);
    expect(b.state.view).toBe(joins ?? 0);
  });

  it('weighs by stake: 34 of 100 are more than f = 33, 32 are not', () => {
    const world = worldOf([34n, 34n, 31n, 1n]);
    for (const place of [0, 1, 2, 3]) {
      const b = new Bench(place, world);
      for (const who of [[0], [1], [2, 3]].filter((w) => !w.includes(b.self))) {
        const c = new Bench(place, world);
        for (const i of who) c.hear(c.viewChange(i, 1));
        expect(c.state.view).toBe(who.length === 1 ? 1 : 0);
      }
    }
  });
});

describe('K1 NewView', () => {
  /** We lead view 1; the ViewChanges of two peers complete a quorum. */
  function lead(contents: readonly Parameters<Bench['viewChange']>[2][], b = new Bench(1)) {
    leave(b);
    for (const [k, c] of contents.entries()) b.hear(b.viewChange(b.peers[k] as number, 1, c));
    return b;
  }

  it('the leader writes the set to the log, has the NewView signed and then proposes freely', () => {
    const b = lead([{}, {}]);
    expect(b.of('record').map((e) => [e.record.kind, e.urgent])).toEqual([
      ['evidence', true],
      ['evidence', true],
      ['intent', true],
      ['proposal', true],
      ['intent', true],
    ]);
    expect(b.asked).toEqual(['new-view@1', 'prepare@1']);
    const [newView, prePrepare] = b.sign();
    if (newView?.kind !== 'new-view' || prePrepare?.kind !== 'pre-prepare') throw new Error('NewView, then PrePrepare');
    expect(newView.content.viewChanges.map((v) => v.validator)).toEqual([b.self, b.peers[0], b.peers[1]].sort());
    expect([prePrepare.block.header.view, [...prePrepare.block.header.skipped]]).toEqual([1, [1 << b.leader(0)]]);
  });

  it('a mandatory block is fetched from its claimants and proposed again, the same bytes', () => {
    const b = new Bench(1);
    const block = b.block();
    const lastVote = { view: 0, digest: digestOf(block) };
    lead([{ lastVote }, { lastVote }], b);
    expect(b.asked).toEqual(['new-view@1']);
    expect(b.of('fetch-block')).toEqual([{ type: 'fetch-block', height: 1, digest: digestOf(block), from: b.peers.slice(0, 2).sort() }]);
    b.now += 3_600_000; // nothing that depends on a clock is asked of it
    b.feed({ type: 'block', block, certificate: undefined });
    const asked = asks(b)[0];
    expect(asked?.kind === 'pre-prepare' && asked.block).toEqual(block);
  });

  it('a fetched block with another digest is refused, and asked for again by the resend timer', () => {
    const b = new Bench(1);
    const lastVote = { view: 0, digest: digestOf(b.block()) };
    lead([{ lastVote }, { lastVote }], b);
    b.feed({ type: 'block', block: b.block(0, { time: b.now + 1 }), certificate: undefined });
    expect(b.rejected).toEqual(['MalformedMessage']);
    b.tick(500);
    expect(b.of('fetch-block').length).toBe(1);
  });

  it('a follower fetches a ViewChange that it lacks, recomputes the choice and holds the leader to it', () => {
    const b = new Bench(3);
    const [leader0, leader1, other] = b.peers as [number, number, number];
    const block = b.block();
    const lastVote = { view: 0, digest: digestOf(block) };
    const set = [b.viewChange(leader0, 1, { lastVote }), b.viewChange(leader1, 1, { lastVote }), b.viewChange(other, 1)];
    leave(b);
    b.hear(b.newView(1, set));
    expect(b.of('fetch-view-change').map((e) => [e.validator, e.view])).toEqual(set.map((m) => [m.vote.validator, 1]).sort());
    b.hear(...set);
    expect([b.state.standing, b.state.mandatory?.digest]).toEqual(['active', digestOf(block)]);
    b.hear(b.prePrepare(1, b.block(1)));
    expect(b.rejected).toEqual(['ConflictingVotes']);
    b.hear(b.prePrepare(1, block));
    expect(b.rejected).toEqual(['EquivocationDetected']);
    expect(b.asked).toEqual([]);
  });

  it('a follower prepares the mandatory block, whatever its clock says', () => {
    const b = new Bench(3);
    const block = b.block();
    const lastVote = { view: 0, digest: digestOf(block) };
    const set = b.peers.map((i) => b.viewChange(i, 1, { lastVote }));
    leave(b);
    b.now += 3_600_000;
    b.hear(...set, b.newView(1, set), b.prePrepare(1, block));
    expect(b.asked).toEqual(['prepare@1']);
    expect(b.state.lastVote).toEqual({ view: 1, digest: digestOf(block) });
  });

  it('a free leader must propose a block of its own view', () => {
    const b = new Bench(3);
    const set = b.peers.map((i) => b.viewChange(i, 1));
    leave(b);
    b.hear(...set, b.newView(1, set), b.prePrepare(1, b.block(0)));
    expect(b.rejected).toEqual(['InvalidView']);
  });

  it('the PrePrepare of a view waits for its NewView', () => {
    const b = new Bench(3);
    const set = b.peers.map((i) => b.viewChange(i, 1));
    leave(b);
    b.hear(b.prePrepare(1, b.block(1)), ...set);
    expect(b.asked).toEqual([]);
    b.hear(b.newView(1, set));
    expect(b.asked).toEqual(['prepare@1']);
  });

  it.each([
    {
      of: (b: Bench) =>
        b.newView(
          1,
          b.peers.map((i) => b.viewChange(i, 1)),
          b.leader(2),
        ),
      name: 'WrongValidator',
      why: 'not the leader',
    },
    {
      of: (b: Bench) =>
        b.newView(
          1,
          b.peers.slice(0, 2).map((i) => b.viewChange(i, 1)),
        ),
      name: 'QuorumNotReached',
      why: 'two of four',
    },
  ])('$why → $name', ({ of, name }) => {
    const b = new Bench(3);
    leave(b);
    b.hear(...b.peers.map((i) => b.viewChange(i, 1)), of(b));
    expect(b.rejected).toEqual([name]);
    expect(b.state.standing).toBe('changing');
  });

  it('the same content in ViewChanges for two views is two messages', () => {
    const b = new Bench(3);
    const early = b.peers.map((i) => b.viewChange(i, 1));
    b.hear(...early.slice(0, 1));
    leave(b);
    b.hear(
      b.newView(
        2,
        b.peers.map((i) => b.viewChange(i, 2)),
      ),
    );
    expect(b.of('fetch-view-change').length).toBe(3);
    b.hear(...early);
    expect([b.state.view, b.state.standing]).toEqual([1, 'changing']);
  });

  it('a second ViewChange of one validator for one view is an equivocation; a NewView may still name it', () => {
    const b = new Bench(3);
    const [liar, leader1, other] = b.peers as [number, number, number];
    leave(b);
    const shownToUs = b.viewChange(liar, 1);
    const shownToLeader = b.viewChange(liar, 1, { lastVote: { view: 0, digest: 'f'.repeat(64) } });
    b.hear(shownToUs, shownToLeader);
    expect(b.rejected).toEqual(['EquivocationDetected']);
    const set = [shownToLeader, b.viewChange(leader1, 1), b.viewChange(other, 1)];
    b.hear(set[1] as never, set[2] as never, b.newView(1, set));
    expect(b.of('fetch-view-change').map((e) => e.digest)).toEqual([shownToLeader.vote.vote.digest]);
    b.hear(shownToLeader);
    expect(b.state.justification.find((m) => m.vote.validator === liar)).toBe(shownToLeader);
  });

  it('a NewView for a later view is followed even by who never asked for it', () => {
    const b = new Bench(3);
    const set = b.peers.map((i) => b.viewChange(i, 2));
    b.hear(b.newView(2, set));
    for (const m of set) b.hear(m);
    expect([b.state.view, b.state.standing]).toEqual([2, 'active']);
  });
});

describe('bounds', () => {
  it('over many views keeps the blocks that it may have to propose again, and forgets old votes', () => {
    const b = new Bench(6, worldOf(equalStakes(7)));
    for (let view = 1; view <= 40; view++) {
      const set = b.peers.map((i) => b.viewChange(i, view));
      b.hear(...set);
      b.sign();
      if (b.leader(view) !== b.self) b.hear(b.newView(view, set), b.prePrepare(view, b.block(view)));
      for (const i of b.peers) b.hear(b.commit(i, view, i.toString(16).repeat(64)));
      b.sign();
    }
    expect(b.state.lastVote?.view).toBe(40);
    expect(b.state.known.has(b.state.lastVote?.digest ?? '')).toBe(true);
    expect(b.state.known.size).toBe(bounds.blocks);
    expect(b.state.tallies.size).toBeLessThanOrEqual(bounds.viewsBehind + 1);
  });

  it('keeps a bounded number of views, ViewChanges and blocks whatever one validator sends', () => {
    const b = new Bench(6, worldOf(equalStakes(7)));
    const from = b.peers[0] as number;
    for (let view = 0; view < 200; view++) {
      b.hear(b.prepare(from, view, 'a'.repeat(64)), b.commit(from, view, 'a'.repeat(64)), b.viewChange(from, view));
      b.hear(b.prePrepare(view, b.block(view)), b.newView(view, []));
    }
    expect(b.state.tallies.size).toBeLessThanOrEqual(bounds.viewsAhead + 1);
    expect(b.state.viewChanges[from]?.length).toBe(bounds.viewChanges);
    expect(b.state.known.size).toBeLessThanOrEqual(bounds.blocks);
  });
});
