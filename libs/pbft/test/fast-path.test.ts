import { describe, expect, it } from '@jest/globals';
import { recover } from '../src/index.ts';
import { Bench, digestOf, ref } from './support/bench.ts';
import { Cluster } from './support/cluster.ts';
import { equalStakes, worldOf } from './support/network.ts';

const types = (b: Bench) => b.last.map((e) => (e.type === 'record' ? `record ${e.record.kind}` : e.type));
const executed = { type: 'executed', height: 1, stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) } as const;

/** A replica that has prepared, and what it knows; the PrePrepare holds the leader's Prepare. */
function prepared(world = worldOf(equalStakes(4))) {
  const b = new Bench(world.set.validators.length - 1, world);
  const block = b.block();
  b.hear(b.prePrepare(0, block));
  b.sign();
  return { b, d: digestOf(block), others: b.peers.slice(1) };
}

describe('K2 all Prepares of one view make the block final', () => {
  it('with the last of them, whether or not the Commit was asked for; it is not sent any more', () => {
    const { b, d, others } = prepared();
    const [second, third] = others as [number, number];
    b.hear(b.prepare(second, 0, d));
    expect(b.asked).toEqual(['commit@0']);
    const [asked] = b.of('sign');
    b.hear(b.prepare(third, 0, d));
    expect(types(b)).toEqual(['record final', 'transition', 'commit']);
    expect(b.of('commit')[0]?.certificate).toEqual(b.certificate('fast', 0, d, [...b.peers, b.self]));
    if (asked === undefined) throw new Error('no Commit was asked for');
    const signature = new Uint8Array(64);
    b.feed({ type: 'signed', message: { kind: 'commit', vote: { vote: asked.message.vote, validator: b.self, signature } } });
    expect(b.last).toEqual([]);
  });

  it('our own Prepare belongs to them: without its signature nothing is final', () => {
    const b = new Bench(3);
    const block = b.block();
    b.hear(b.prePrepare(0, block), ...b.peers.slice(1).map((i) => b.prepare(i, 0, digestOf(block))));
    expect(b.state.decided).toBeUndefined();
  });

  it.each([
    { why: 'one is missing', missing: 1, view: 0 },
    { why: 'one is of another view', missing: 1, view: 1 },
  ])('not when $why', ({ missing, view }) => {
    const { b, d, others } = prepared();
    for (const i of others.slice(missing)) b.hear(b.prepare(i, 0, d));
    if (view !== 0) b.hear(b.prepare(others[0] as number, view, d));
    expect([b.state.decided, b.state.prepared?.view]).toEqual([undefined, 0]);
  });

  it('not by stake of a quorum: of (34, 34, 31, 1) the 1 counts as well', () => {
    const { b, d, others } = prepared(worldOf([34n, 34n, 31n, 1n]));
    for (const i of others.slice(1)) b.hear(b.prepare(i, 0, d));
    expect(b.state.decided).toBeUndefined();
    b.hear(b.prepare(others[0] as number, 0, d));
    expect(b.state.decided?.certificate.kind).toBe('fast');
  });

  it('a quorum of Commits that is there first decides as ever, and our Commit still helps others', () => {
    const { b, d, others } = prepared();
    b.hear(b.prepare(others[0] as number, 0, d));
    const [asked] = b.of('sign');
    for (const i of b.peers) b.hear(b.commit(i, 0, d));
    expect(b.state.decided?.certificate).toEqual(b.certificate('commit', 0, d, b.peers));
    if (asked === undefined) throw new Error('no Commit was asked for');
    const message = { kind: 'commit' as const, vote: { vote: asked.message.vote, validator: b.self, signature: new Uint8Array(64) } };
    b.feed({ type: 'signed', message });
    expect(b.of('broadcast').length).toBe(1);
  });

  it('is final after a restart, too', () => {
    const { b, d, others } = prepared();
    for (const i of others) b.hear(b.prepare(i, 0, d));
    const again = recover(b.params, b.world.start, b.log, []);
    if ('type' in again) throw new Error(again.reason);
    expect(again.state.decided?.certificate).toEqual(b.certificate('fast', 0, d, [...b.peers, b.self]));
  });
});

describe('who lacks a Prepare is shown the certificate', () => {
  const decided = () => {
    const { b, d, others } = prepared();
    for (const i of others) b.hear(b.prepare(i, 0, d));
    return { b, d, asker: others[0] as number };
  };
  it('a Commit that comes while storage is at work: its sender is told when the block is stored', () => {
    const { b, d, asker } = decided();
    b.hear(b.commit(asker, 0, d), b.commit(asker, 0, d));
    expect(b.last).toEqual([]);
    b.feed(executed);
    expect(b.of('notify')).toEqual([{ type: 'notify', to: asker }]);
  });
  it('a Commit that comes afterwards: at once', () => {
    const { b, d, asker } = decided();
    b.feed(executed);
    expect(b.of('notify')).toEqual([]);
    b.hear(b.commit(asker, 0, d));
    expect(b.last).toEqual([{ type: 'notify', to: asker }]);
  });
  it('a late Commit of a block that Commits made final is no question', () => {
    const { b, d, others } = prepared();
    for (const i of b.peers) b.hear(b.commit(i, 0, d));
    b.hear(b.commit(others[0] as number, 0, d));
    b.feed(executed);
    b.hear(b.commit(others[0] as number, 0, d));
    expect(b.ever('notify')).toEqual([]);
  });
  it.each(['fast', 'commit'] as const)('a notice with a %s certificate decides what we have; nothing is fetched', (kind) => {
    const { b, d } = prepared();
    const certificate = b.certificate(kind, 0, d, [...b.peers, b.self]);
    b.feed({ type: 'notice', from: b.peers[0] as number, height: 1, certificate });
    expect(types(b)).toEqual(['record final', 'transition', 'commit']);
    expect(b.state.decided?.certificate).toEqual(certificate);
  });
  it.each([
    { why: 'a PreparedCert makes nothing final', kind: 'prepared' as const, digest: undefined },
    { why: 'a block that we lack is fetched', kind: 'fast' as const, digest: 'e'.repeat(64) },
  ])('$why', ({ kind, digest }) => {
    const { b, d } = prepared();
    const from = b.peers[0] as number;
    b.feed({ type: 'notice', from, height: 1, certificate: b.certificate(kind, 0, digest ?? d, b.peers) });
    expect(b.last.filter((e) => e.type !== 'evidence')).toEqual([{ type: 'catch-up', height: 1, from: [from] }]);
  });
});

describe('both paths in one network', () => {
  const kinds = (c: Cluster) => c.nodes.filter((n) => n.alive).flatMap((n) => n.blocks.map((b) => b.certificate.kind));
  it.each([1, 4, 5, 7])('n = %i, all up and in time: every block on the fast path, no Commit is sent', (n) => {
    const c = new Cluster(worldOf(equalStakes(n)));
    c.run(5_500);
    expect(new Set(kinds(c))).toEqual(new Set(['fast']));
    expect(c.sent.filter(({ message }) => message.kind === 'commit')).toEqual([]);
  });
  it('one is dead: every block by Commits', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.crash(0);
    c.run(30_000);
    expect(new Set(kinds(c))).toEqual(new Set(['commit']));
  });
  // Hops of 10, fsync and signature of 1 each, bodies of 5, storage of 2 milliseconds: the sum of what each path needs, and no wait.
  it.each([
    { path: 'fast', dead: 0, kind: 'fast', tookMs: 1 + 1 + 10 + 5 + 1 + 1 + 10 + 2 + 2 },
    { path: 'slow, with one dead,', dead: 1, kind: 'commit', tookMs: 1 + 1 + 10 + 5 + 1 + 1 + 10 + 1 + 1 + 10 + 1 + 2 },
  ])('the $path path takes $tookMs ms of virtual time', ({ dead, kind, tookMs }) => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.run(100);
    const order = c.node(0).driver.state.order;
    for (const i of order.slice(4 - dead)) c.crash(i);
    const alive = c.nodes.filter((n) => n.alive);
    for (const { index } of alive) c.feed(index, { type: 'offer', batches: [ref(order[0] as number)] });
    c.run(tookMs);
    expect(alive.map((n) => n.blocks[0]?.certificate.kind)).toEqual(alive.map(() => kind));
  });
  it('whoever missed one Prepare is final without any timer', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.filter = (from, to, m) => !(m.kind === 'prepare' && m.vote.vote.height === 1 && to === 2 && from !== 2 && from === lost(c));
    c.run(1_100);
    expect(c.nodes.map((n) => n.blocks.length)).toEqual([1, 1, 1, 1]);
    expect(new Set(c.nodes.map((n) => n.blocks[0]?.certificate.digest)).size).toBe(1);
    expect(c.sent.some(({ from, message }) => from === 2 && message.kind === 'commit')).toBe(true);
  });
});

/** A validator other than 2 that does not lead height 1. */
function lost(c: Cluster): number {
  const leads = c.node(0).driver.state.order[0];
  return [0, 1, 3].find((i) => i !== leads) as number;
}
