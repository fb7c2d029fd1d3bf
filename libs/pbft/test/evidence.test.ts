import { publicKeyOf, toBitmap } from '@bursar/membership';
import type { Evidence, EvidenceKind, Message, MessageOf, Statement } from '@bursar/protocol';
import { certificateDigest, checkEvidence, contradiction, evidenceKinds, ZERO_DIGEST } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bounds, initialState, startAfter } from '../src/index.ts';
import { Bench, digestOf, signedVote } from './support/bench.ts';
import { Cluster } from './support/cluster.ts';
import { equalStakes, fakeSignature, fakeVerifier, worldOf } from './support/network.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const told = (b: Bench): EvidenceKind[] => b.ever('evidence').map((e) => e.kind);
/** What anybody finds who has only the genesis. */
function proven(b: Bench, evidence: Evidence): EvidenceKind | undefined {
  const { set, chain } = b.world;
  const { verify } = fakeVerifier(set);
  return checkEvidence(evidence, { chain, epoch: 0, publicKey: (i) => publicKeyOf(set, i), verify });
}

type Make = (b: Bench, liar: number) => Message[];
const oldVote = { lastVote: { view: 0, digest: A } };

describe('K6 each kind yields one evidence, which anybody can check', () => {
  const rows: [sentence: string, kind: EvidenceKind, make: Make][] = [
    ['two Prepares', 'double-prepare', (b, i) => [b.prepare(i, 0, A), b.prepare(i, 0, B)]],
    ['a PrePrepare and another Prepare of its leader', 'double-prepare', (b) => [b.prePrepare(0, b.block()), b.prepare(b.leader(0), 0, B)]],
    ['two PrePrepares', 'double-prepare', (b) => [b.prePrepare(0, b.block()), b.prePrepare(0, b.block(0, { time: b.now + 1 }))]],
    ['two Prepares of a view that is not here yet', 'double-prepare', (b, i) => [b.prepare(i, 5, A), b.prepare(i, 5, B)]],
    ['two Prepares of a view far ahead', 'double-prepare', (b, i) => [b.prepare(i, 900, A), b.prepare(i, 900, B)]],
    ['two Commits', 'double-commit', (b, i) => [b.commit(i, 0, A), b.commit(i, 0, B)]],
    ['two ViewChanges', 'double-view-change', (b, i) => [b.viewChange(i, 1), b.viewChange(i, 1, oldVote)]],
    [
      'two NewViews',
      'double-new-view',
      (b) => {
        const all = b.peers.map((i) => b.viewChange(i, 1));
        return [b.newView(1, all), b.newView(1, all.slice(1))];
      },
    ],
    ['a ViewChange that hides a Prepare', 'forgotten-prepare', (b, i) => [b.prepare(i, 1, A), b.viewChange(i, 2, oldVote)]],
    ['the same, heard in the other order', 'forgotten-prepare', (b, i) => [b.viewChange(i, 2, oldVote), b.prepare(i, 1, A)]],
    ['a ViewChange that hides a Commit', 'forgotten-commit', (b, i) => [b.commit(i, 1, A), b.viewChange(i, 2)]],
    ['the same, heard in the other order', 'forgotten-commit', (b, i) => [b.viewChange(i, 2), b.commit(i, 1, A)]],
    [
      'a Prepare beside another in the PreparedCert of somebody',
      'double-prepare',
      (b, i) => {
        const [x, y] = b.peers.filter((p) => p !== i) as [number, number];
        return [
          b.prepare(i, 0, B),
          b.viewChange(x, 1, { lastVote: { view: 0, digest: A }, prepared: b.certificate('prepared', 0, A, [i, x, y]) }),
        ];
      },
    ],
    [
      'a Prepare beside another in the PreparedCert of a message of our own that comes back to us',
      'double-prepare',
      (b, i) => {
        const [x, y] = b.peers.filter((p) => p !== i) as [number, number];
        const prepared = b.certificate('prepared', 0, A, [i, x, y]);
        return [b.prepare(i, 0, B), b.viewChange(b.self, 1, { lastVote: { view: 0, digest: A }, prepared })];
      },
    ],
  ];
  it.each(rows)('%s: %s', (_, kind, make) => {
    const b = new Bench(3);
    const messages = make(b, b.peers[1] as number);
    b.hear(...messages, ...messages);
    expect(told(b)).toEqual([kind]);
    const evidence = b.ever('evidence')[0]?.evidence as Evidence;
    expect(proven(b, evidence)).toBe(kind);
    expect([evidence.validator, evidence.height]).toEqual([messages[0]?.vote.validator, 1]);
  });
  it('every kind stands in the table', () => {
    expect([...new Set(rows.map(([, kind]) => kind))].sort()).toEqual([...evidenceKinds].sort());
  });
  it('a validator that does everything yields each kind once', () => {
    const b = new Bench(3);
    const liar = b.leader(1);
    const all = b.peers.map((i) => b.viewChange(i, 1));
    const twice = (of: (digest: string) => Message) => [of(A), of(B), of(A)];
    b.hear(...twice((d) => b.prepare(liar, 1, d)), ...twice((d) => b.commit(liar, 1, d)), b.newView(1, all), b.newView(1, all.slice(1)));
    b.hear(b.viewChange(liar, 2), b.viewChange(liar, 2, oldVote), b.viewChange(liar, 3), b.prepare(liar, 7, A), b.prepare(liar, 7, B));
    expect(told(b).toSorted()).toEqual(evidenceKinds.toSorted());
  });
});

describe('K6 what is no evidence', () => {
  const rows: [sentence: string, make: Make][] = [
    ['one vote, sent again', (b, i) => [b.prepare(i, 0, A), b.prepare(i, 0, A), b.commit(i, 0, A), b.commit(i, 0, A)]],
    ['a PrePrepare and the same Prepare', (b) => [b.prePrepare(0, b.block()), b.prepare(b.leader(0), 0, digestOf(b.block()))]],
    ['other blocks in other views', (b, i) => [b.prepare(i, 0, A), b.prepare(i, 1, B), b.commit(i, 1, B)]],
    ['two validators, two blocks', (b, i) => [b.prepare(i, 0, A), b.prepare(b.leader(0), 0, B)]],
    ['ViewChanges that overtook older votes', (b, i) => [b.viewChange(i, 1, oldVote), b.viewChange(i, 2, oldVote), b.prepare(i, 0, A)]],
    [
      'a ViewChange, and votes in its view and later',
      (b, i) => [b.prepare(i, 2, A), b.viewChange(i, 2), b.commit(i, 2, A), b.prepare(i, 3, B)],
    ],
    [
      'a certificate that shows the vote that came',
      (b, i) => [
        b.prepare(i, 0, A),
        b.viewChange(i, 1, { lastVote: { view: 0, digest: A }, prepared: b.certificate('prepared', 0, A, b.peers) }),
      ],
    ],
    ['our own signature from the network', (b) => [b.prepare(b.self, 0, A), b.prepare(b.self, 0, B)]],
  ];
  it.each(rows)('%s', (_, make) => {
    const b = new Bench(3);
    b.hear(...make(b, b.peers[1] as number));
    expect(told(b)).toEqual([]);
  });
});

/** Finishes the open height in view 0 by the Commits of all but `missing`, and opens the next. */
function finish(b: Bench, missing = -1): void {
  const { height, tip, order, beacon } = b.state;
  const { digest: parent, stateRoot, resultsRoot } = tip;
  const roots = { stateRoot, resultsRoot };
  const block = b.block(0, {
    height,
    parent,
    certificate: tip.certificate === undefined ? ZERO_DIGEST : certificateDigest(tip.certificate),
    ...roots,
    beacon,
    proposer: order[0] as number,
    time: b.now + height,
  });
  const signers = [...b.peers, b.self].filter((i) => i !== missing).toSorted((x, y) => x - y);
  const vote = b.vote('commit', 0, digestOf(block), height);
  const { phase: _, ...place } = vote;
  const signatures = signers.map((i) => fakeSignature(i, vote));
  const certificate = { kind: 'commit' as const, ...place, signers: toBitmap(signers, order.length), signatures };
  b.feed({ type: 'caught-up', certificates: [certificate], start: startAfter(b.state.tip, [block], certificate, A, B) });
}
const at = <M extends Message>(m: M, height: number): M => {
  const { validator, vote } = m.vote;
  return { ...m, vote: signedVote(validator, { ...vote, height }) };
};

describe('C5 gate 6 looks back over heights that are final', () => {
  it('a second vote that comes when the height is over, and one that only the certificate shows', () => {
    const b = new Bench(3);
    const [first, second] = b.peers as [number, number];
    b.hear(b.commit(first, 0, A), b.prepare(second, 0, A));
    finish(b);
    expect(told(b)).toEqual(['double-commit']); // the final certificate holds its Commit of another block
    b.hear(b.prepare(second, 0, B));
    expect(told(b)).toEqual(['double-commit', 'double-prepare']);
    b.hear(b.prepare(second, 0, B), b.commit(first, 0, B));
    expect(told(b).length).toBe(2);
  });
  it('a vote that a ViewChange of a height long over hid', () => {
    const b = new Bench(3);
    const liar = b.peers[1] as number;
    b.hear(b.viewChange(liar, 2));
    for (let i = 0; i < 30; i++) finish(b, liar);
    b.hear(b.prepare(liar, 1, A));
    expect(told(b)).toEqual(['forgotten-prepare']);
  });
  it('1,000 heights, and no more', () => {
    const b = new Bench(3);
    const [first, second] = b.peers as [number, number];
    b.hear(b.prepare(first, 0, A), b.prepare(second, 0, A));
    finish(b);
    b.hear(at(b.prepare(first, 0, A), 2));
    while (b.state.height < bounds.pastHeights + 1) finish(b);
    b.hear(b.prepare(first, 0, B));
    expect(told(b)).toEqual(['double-prepare']);
    finish(b);
    b.hear(b.prepare(second, 0, B), at(b.prepare(first, 0, B), 2));
    expect(b.ever('evidence').map(({ evidence: e }) => [e.validator, e.height])).toEqual([
      [first, 1],
      [first, 2],
    ]);
    expect(b.state.past.length).toBe(bounds.pastHeights);
  });
  it('heights from before our start are not remembered', () => {
    const b = new Bench(3);
    b.state = initialState(b.params, { ...b.world.start, height: 9 });
    b.hear(...[A, B].map((d) => ({ ...b.prepare(b.peers[0] as number, 0, d) })));
    expect(told(b)).toEqual([]);
  });
});

describe('C6 what is remembered is bounded', () => {
  it('a flood of statements loses none of the views around ours, and keeps its bound', () => {
    const b = new Bench(3);
    const liar = b.peers[1] as number;
    b.hear(b.prepare(liar, 0, A), b.commit(liar, 3, A));
    for (let view = 20; view < 400; view++) b.hear(b.prepare(liar, view, A), b.commit(liar, view, A));
    expect(b.state.heard[liar]?.statements.length).toBe(bounds.statements);
    b.hear(b.prepare(liar, 0, B), b.commit(liar, 3, B));
    expect(told(b)).toEqual(['double-prepare', 'double-commit']);
  });
  it('of a height that is over a few statements stay, and contents of ViewChanges only so many over all heights', () => {
    const b = new Bench(3);
    const liar = b.peers[1] as number;
    for (let height = 1; height <= 4; height++) {
      for (let view = 1; view < 40; view++) b.hear(at(b.viewChange(liar, view), height));
      finish(b, liar);
    }
    const kept = b.state.past.map((all) => all[liar]?.statements ?? []);
    expect(kept.map((of) => [of.length, Math.max(...of.map((s) => s.view))])).toEqual(new Array(4).fill([8, 8]));
    expect(kept.map((of) => of.filter((s) => s.content !== undefined).length)).toEqual([0, 0, 8, 8]);
    expect([bounds.pastStatements, bounds.pastContents]).toEqual([8, 16]);
    expect(b.state.heard[liar]?.statements).toEqual([]);
  });
});

describe('K6 no honest pair is ever evidence', () => {
  /** Everything that each validator signed, whether or not it was sent or arrived; ViewChanges with their content. */
  function statementsOf(c: Cluster): Map<string, Statement[]> {
    const contents = new Map<string, MessageOf<'view-change'>>();
    for (const { message } of c.sent)
      if (message.kind === 'view-change') contents.set(`${message.vote.validator}/${message.vote.vote.digest}`, message);
    const by = new Map<string, Statement[]>();
    for (const { index, rows } of c.nodes)
      for (const { vote, signature } of rows) {
        const { phase, view, digest } = vote;
        const content = contents.get(`${index}/${digest}`)?.content;
        const key = `${index}/${vote.height}`;
        by.set(key, [...(by.get(key) ?? []), { phase, view, digest, signature, content }]);
      }
    return by;
  }

  it('whatever is lost, cut off, killed and restarted', () => {
    const fault = fc.record({
      cut: fc.integer({ min: 0, max: 15 }),
      lost: fc.integer({ min: 1, max: 7 }),
      crash: fc.option(fc.nat(3), { nil: undefined }),
      ms: fc.integer({ min: 5, max: 6_000 }),
    });
    let signed = 0;
    let left = 0;
    const property = fc.property(fc.array(fault, { minLength: 3, maxLength: 8 }), (faults) => {
      const c = new Cluster(worldOf(equalStakes(4)));
      let count = 0;
      for (const { cut, lost, crash, ms } of faults) {
        c.filter = (from, to) => ((cut >> from) & 1) === ((cut >> to) & 1) && ++count % lost !== 0;
        if (crash !== undefined && c.node(crash).alive) c.crash(crash);
        c.run(ms);
        for (const node of c.nodes) if (!node.alive) c.restart(node.index);
        c.run(ms / 3);
      }
      c.filter = () => true;
      c.run(3_000);
      for (const [who, all] of statementsOf(c)) {
        signed += all.length;
        left += all.filter((s) => s.phase === 'view-change').length;
        for (const [i, a] of all.entries()) for (const b of all.slice(0, i)) expect([who, contradiction(a, b)]).toEqual([who, undefined]);
      }
      expect(c.nodes.flatMap((n) => n.accused)).toEqual([]);
    });
    fc.assert(property, { numRuns: 25 });
    expect(signed).toBeGreaterThan(500);
    expect(left).toBeGreaterThan(50); // the runs did leave views
  });
});
