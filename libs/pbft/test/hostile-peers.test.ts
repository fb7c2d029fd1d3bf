import type { MessageOf } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { Bench, digestOf, ref } from './support/bench.ts';
import { equalStakes, worldOf } from './support/network.ts';

const leave = (b: Bench) => {
  b.now = b.state.deadline;
  b.feed({ type: 'tick' });
};

describe('K7 what others lack', () => {
  it('while storage is slow, our last votes still go out: others may need our Commit', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block), b.prepare(b.peers[1] as number, 0, digestOf(block)));
    b.feed({ type: 'tick' });
    const prepare = b.ever('sign').map((e) => e.message)[0];
    expect(prepare?.vote.phase).toBe('prepare');
    for (const { message } of b.ever('sign')) {
      const vote = { vote: message.vote, validator: b.self, signature: b.prepare(b.self, 0, digestOf(block)).vote.signature };
      b.feed({ type: 'signed', message: { ...message, vote } as MessageOf<'prepare'> });
    }
    for (const i of b.peers) b.hear(b.commit(i, 0, digestOf(block)));
    expect(b.state.decided).toBeDefined();
    b.tick(b.params.resendMs);
    expect(b.of('broadcast').map((e) => e.message.kind)).toEqual(b.state.sent.map((m) => m.kind));
    expect(b.of('broadcast').length).toBeGreaterThan(0);
  });
});

describe('K1 a NewView is followed whatever other leaders announce', () => {
  it('two leaders that name ViewChanges which nobody has cannot keep us from asking for those that exist', () => {
    const b = new Bench(6, worldOf(equalStakes(7)));
    const made = (view: number) => b.order.map((i) => b.viewChange(i, view, { lastVote: { view: 0, digest: 'e'.repeat(64) } }));
    b.hear(b.newView(2, made(2)), b.newView(3, made(3)));
    expect(b.ever('fetch-view-change').length).toBe(14);
    const genuine = b.peers.slice(0, 5).map((i) => b.viewChange(i, 1));
    b.hear(b.newView(1, genuine));
    expect(b.of('fetch-view-change').map((e) => e.view)).toEqual([1, 1, 1, 1, 1]);
    b.hear(...genuine);
    expect([b.state.view, b.state.standing]).toEqual([1, 'active']);
  });

  it('one leader that announces view after view fills nothing', () => {
    const b = new Bench(3);
    for (let view = 1; view < 400; view += 4)
      b.hear(
        b.newView(
          view,
          b.order.map((i) => b.viewChange(i, view)),
        ),
      );
    expect(b.state.found.size).toBeLessThanOrEqual(2 * b.order.length);
    b.tick(b.params.resendMs);
    expect(b.state.found.size).toBeLessThanOrEqual(b.order.length);
  });
});

describe('a refused ViewChange', () => {
  it('after which another vote of the view it enters was asked for: the signer had them in another order, and all is well', () => {
    const b = new Bench(1);
    leave(b);
    const [viewChange] = b.of('sign');
    for (const i of b.peers) b.hear(b.viewChange(i, 1));
    expect(b.asked).toContain('new-view@1');
    if (viewChange !== undefined) b.feed({ type: 'refused', vote: viewChange.message.vote });
    expect([b.rejected, b.state.muteBelow]).toEqual([[], 0]);
  });
});

describe('blocks that are missing', () => {
  it('two of them at once are asked for once each, and both are taken', () => {
    const b = new Bench(3);
    const one = b.block();
    const two = b.block(0, { time: b.now + 1 });
    const [x, y, z] = b.peers as [number, number, number];
    b.hear(b.commit(x, 1, digestOf(one)), b.commit(y, 1, digestOf(one)), b.commit(z, 1, digestOf(one)));
    b.hear(b.prepare(x, 0, digestOf(two)), b.prepare(y, 0, digestOf(two)), b.prepare(z, 0, digestOf(two)));
    b.hear(b.commit(x, 2, 'e'.repeat(64)));
    expect(b.ever('fetch-block').map((e) => e.digest)).toEqual([digestOf(one), digestOf(two)]);
    b.feed({ type: 'block', block: two, certificate: undefined });
    expect(b.rejected).toEqual([]);
    b.feed({ type: 'block', block: one, certificate: undefined });
    expect(b.state.decided?.digest).toBe(digestOf(one));
  });
});

describe('K3 references', () => {
  it('to a batch that is larger than any batch may be is refused before anybody looks for it', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block(0, {}, [ref(0, 1, { bytes: 512 * 1024 + 1 })])));
    expect([b.rejected, b.of('obtain')]).toEqual([['MalformedMessage'], []]);
  });
});
