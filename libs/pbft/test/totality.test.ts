import {
  type BatchRef,
  type Block,
  type Certificate,
  encode,
  type Header,
  type Message,
  type Phase,
  type SignedVote,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bounds, type Input, logRecord, recover, type State, step } from '../src/index.ts';
import { Bench, digestOf, signedBy } from './support/bench.ts';

const bench = new Bench(1);
const { chain } = bench.params;
const digest = fc.constantFrom(chain, 'a'.repeat(64), 'b'.repeat(64), '0'.repeat(64), bench.state.beacon);
const small = fc.oneof(fc.nat(5), fc.nat(40), fc.constant(Number.MAX_SAFE_INTEGER));
const validator = fc.oneof(fc.nat(3), fc.nat(65_535));
const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const signature = fc.constant(new Uint8Array(64));
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const vote = (...phases: Phase[]) =>
  fc.record({
    chain: fc.constantFrom(chain, chain, chain, 'c'.repeat(64)),
    epoch: fc.constantFrom(0, 0, 0, 1),
    height: small,
    view: small,
    phase: fc.constantFrom(...phases),
    digest,
  });
const signed = (...phases: Phase[]): fc.Arbitrary<SignedVote> => fc.record({ vote: vote(...phases), validator, signature });
const certificate: fc.Arbitrary<Certificate> = fc.record({
  kind: fc.constantFrom('prepared', 'commit', 'fast'),
  chain: digest,
  epoch: fc.constant(0),
  height: small,
  view: small,
  digest,
  signers: bytes(2),
  signatures: fc.array(signature, { maxLength: 3 }),
});
const header: fc.Arbitrary<Header> = fc
  .record({ height: small, view: small, proposer: validator, time: small, digest, skipped: bytes(2), proof: bytes(3) })
  .chain((odd) => fc.constantFrom({ ...bench.block(0).header, ...odd }, bench.block(0).header, bench.block(1).header));
const ref: fc.Arbitrary<BatchRef> = fc.record({
  origin: validator,
  number: small,
  digest,
  bytes: fc.nat(),
  transactions: fc.nat(),
  expiresAt: small,
});
const block: fc.Arbitrary<Block> = fc.record({ header, batches: fc.array(ref, { maxLength: 3 }) });
const named = fc.record({ validator, digest });
const content = fc.record({ lastVote: maybe(fc.record({ view: small, digest })), prepared: maybe(certificate) });
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant('pre-prepare' as const), vote: signed('prepare'), block, certificate: maybe(certificate) }),
  fc.record({ kind: fc.constant('prepare' as const), vote: signed('prepare') }),
  fc.record({ kind: fc.constant('commit' as const), vote: signed('commit') }),
  fc.record({ kind: fc.constant('view-change' as const), vote: signed('view-change'), content }),
  fc.record({
    kind: fc.constant('new-view' as const),
    vote: signed('new-view'),
    content: fc.record({ viewChanges: fc.array(named, { maxLength: 5 }) }),
  }),
);
const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('message' as const), message }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('signed' as const), message }) },
  { weight: 4, arbitrary: fc.constant({ type: 'tick' as const }) },
  fc.record({ type: fc.constant('refused' as const), vote: vote('prepare', 'commit', 'view-change', 'new-view') }),
  fc.record({ type: fc.constant('offer' as const), batches: fc.array(ref, { maxLength: 5 }) }),
  fc.record({ type: fc.constant('bodies' as const), block: digest }),
  fc.record({ type: fc.constant('block' as const), block, certificate: maybe(certificate) }),
  fc.record({
    type: fc.constant('caught-up' as const),
    certificates: fc.array(certificate, { maxLength: 3 }),
    start: fc.record({ height: fc.nat(), stateRoot: digest, resultsRoot: digest }).map((r) => ({ ...bench.world.start, ...r })),
  }),
  fc.record({ type: fc.constant('notice' as const), from: validator, height: small, certificate: maybe(certificate) }),
  fc.record({ type: fc.constant('executed' as const), height: small, stateRoot: digest, resultsRoot: digest }),
);
const times = fc.oneof(fc.integer({ min: -10_000, max: 60_000 }), fc.constant(0));

/** Messages that form and signature checks let through at this height: what a hostile member can really say. */
const view = fc.nat(20);
const said = fc.constantFrom(...[0, 1, 2, 3].flatMap((v) => [bench.block(v), bench.block(v, { time: bench.now + v })]));
const credible: fc.Arbitrary<Message> = fc
  .record({ from: fc.nat(3), view, block: said, kind: fc.nat(4), by: fc.subarray([0, 1, 2, 3], { minLength: 3 }) })
  .map(({ from, view, block, kind, by }): Message => {
    const digest = digestOf(block);
    if (kind === 0) return bench.prePrepare(view, block, bench.leader(view));
    if (kind === 1) return bench.prepare(from, view, digest);
    if (kind === 2) return bench.commit(from, view, digest);
    const lastVote = view % 2 === 0 ? { view, digest } : undefined;
    const prepared = view % 3 === 0 ? bench.certificate('prepared', view, digest, by) : undefined;
    const change = bench.viewChange(from, view + 1, { lastVote, prepared });
    return kind === 3
      ? change
      : bench.newView(
          view + 1,
          by.map((i) => bench.viewChange(i, view + 1, { lastVote, prepared })),
        );
  });
const credibleInput: fc.Arbitrary<Input> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('message' as const), message: credible }) },
  { weight: 1, arbitrary: said.map((block): Input => ({ type: 'bodies', block: digestOf(block) })) },
  { weight: 1, arbitrary: said.map((block): Input => ({ type: 'block', block, certificate: undefined })) },
);

/** What state.ts promises (C6): whatever comes, in whatever order, nothing grows beyond it. */
function withinBounds(state: State): void {
  const n = 4;
  const longest = (lists: readonly (readonly unknown[])[]): number => Math.max(0, ...lists.map((l) => l.length));
  expect(state.known.size).toBeLessThanOrEqual(bounds.blocks);
  expect(state.tallies.size).toBeLessThanOrEqual(bounds.viewsAhead + bounds.viewsBehind + 1);
  expect(longest(state.viewChanges)).toBeLessThanOrEqual(bounds.viewChanges);
  expect(longest(state.early)).toBeLessThanOrEqual(bounds.early);
  expect(state.found.size).toBeLessThanOrEqual(n * n);
  expect(state.justification.length).toBeLessThanOrEqual(n);
  expect(state.sent.length).toBeLessThanOrEqual(4);
  expect(state.past.length).toBeLessThanOrEqual(bounds.pastHeights);
  expect([state.newViews.length, state.offered.length, state.finalAt.length, state.heard.length]).toEqual([n, n, n, n]);
}

describe('step is total', () => {
  let steps = 0;
  it('never throws, whatever the decoder let through in whatever order; what it records can be encoded; nothing grows', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(input, credibleInput), times), { minLength: 40, maxLength: 160, size: 'max' }), (story) => {
        let { state } = bench;
        let { now } = bench;
        const records = [];
        for (const [what, ms] of story) {
          now += ms;
          const before = state;
          const shape = (s: State) => [s.view, s.tallies.size, s.sent.length, s.phase, s.known.size].join();
          const frozen = shape(before);
          const after = step(bench.params, state, what, now);
          if (shape(before) !== frozen) throw new Error('a step changed the state that it was given');
          state = after.state;
          // A signer that signs what it is asked for, so that the engine goes on.
          for (const e of after.effects) {
            if (e.type === 'record') records.push(e.record);
            if (e.type === 'sign')
              state = step(bench.params, state, { type: 'signed', message: signedBy(bench.self, e.message) }, now).state;
          }
          steps++;
        }
        withinBounds(state);
        for (const r of records) encode(logRecord, r);
        recover(bench.params, bench.world.start, records, []);
      }),
      { numRuns: 1_500 },
    );
  });
  it('was tried with 100,000 steps at least', () => {
    expect(steps).toBeGreaterThanOrEqual(100_000);
  });

  it.each([Number.NaN, -1, Infinity, -Infinity])('bears a clock that says %p', (now) => {
    expect(() => step(bench.params, bench.state, { type: 'tick' }, now)).not.toThrow();
  });
});
