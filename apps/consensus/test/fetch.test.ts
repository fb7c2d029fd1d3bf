import { create, toBinary } from '@bufbuild/protobuf';
import { type Proposal, proposalCodec } from '@bursar/pbft';
import { type BatchRef, batchRefsDigest, encode, headerDigest } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { createMemoryBus } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { listen } from '../src/adapters/listen.ts';
import { answerFetch } from '../src/core/answer-fetch.ts';
import type { Body, BodyStore } from '../src/core/body-store.ts';
import { Assembly, PIECE_BYTES, packPiece, packRequest } from '../src/core/fetch-pieces.ts';
import { proposalOf } from '../src/core/fetched.ts';
import { Fetcher } from '../src/core/fetcher.ts';
import type { Ingress } from '../src/core/ingress.ts';
import type { Pipeline } from '../src/core/pipeline.ts';
import { RecentBlocks } from '../src/core/recent-blocks.ts';
import { subjects } from '../src/core/subjects.ts';
import { TokenBucket } from '../src/core/token-bucket.ts';
import { headerOf } from './support/header.ts';

const chain = 'c'.repeat(64);
const want = { kind: 'final-blocks', from: 7, to: 9 } as const;
const response = (total: number, piece: number) =>
  toBinary(wire.FetchResponseSchema, create(wire.FetchResponseSchema, { found: true, total, piece: new Uint8Array(piece) }));

/** Validators 1 to 3 answer as given; the clock is the test's. */
function setUp(answer: (peer: number, clock: { now: number }) => Uint8Array | Error | Promise<Uint8Array>, patienceMs = 10_000) {
  const clock = { now: 0 };
  const asked: number[] = [];
  const fetcher = new Fetcher({
    self: 0,
    validators: 4,
    timeoutMs: 1_000,
    patienceMs,
    wholeMs: 5_000,
    avoidMs: 30_000,
    atOnce: 4,
    waiting: 100,
    now: () => clock.now,
    ask: async (peer) => {
      asked.push(peer);
      const given = answer(peer, clock);
      if (given instanceof Error) throw given;
      return given;
    },
  });
  return { fetcher, asked, clock };
}
const never = new Promise<Uint8Array>(() => {});
const good = packPiece(new Uint8Array([1]), 0);
const seek = (fetcher: Fetcher, from: number[]) => fetcher.seek(want, from, (bytes) => bytes, new AbortController().signal);

describe('fetching from peers that mean harm', () => {
  it('one that gives a byte at a time is given up at its second answer', async () => {
    const { fetcher, asked } = setUp((peer) => (peer === 1 ? response(1_000_000, 1) : good));
    expect(await seek(fetcher, [1, 2])).toEqual(new Uint8Array([1]));
    expect(asked).toEqual([1, 2]);
  });
  it('one that answers each piece at the last moment is given up after the time for the whole', async () => {
    const { fetcher, asked } = setUp((peer, clock) => {
      if (peer === 2) return good;
      clock.now += 999;
      return response(4_000_000, PIECE_BYTES);
    });
    await seek(fetcher, [1, 2]);
    expect(asked.filter((p) => p === 1).length).toBe(6);
    expect(asked.at(-1)).toBe(2);
  });
  const failures: [sentence: string, answer: Uint8Array | Error, later: number[]][] = [
    ['does not answer', new Error('timeout'), [2, 3, 1]],
    ['answers nonsense', new Uint8Array([255, 255]), [2, 3, 1]],
    ['says that it has it not', packPiece(undefined, 0), [1, 2, 3]],
  ];
  it.each(failures)('one that %s: who is asked the next time', async (_, answer, later) => {
    const { fetcher, clock } = setUp((peer) => (peer === 1 ? answer : good));
    await seek(fetcher, [1, 2]);
    expect(fetcher.peers([1])).toEqual(later);
    clock.now += 30_001;
    expect(fetcher.peers([1])).toEqual([1, 2, 3]);
  });
  it('what fails its check counts as nonsense', async () => {
    const { fetcher } = setUp(() => good);
    await fetcher.ask(1, want, () => undefined);
    expect(fetcher.peers([1])).toEqual([2, 3, 1]);
  });
});

describe('fetching over a network that loses', () => {
  it('who lets us wait is left to it, and the next is asked beside it', async () => {
    const { fetcher, asked } = setUp((peer) => (peer === 1 ? never : good), 1);
    expect(await seek(fetcher, [1, 2, 3])).toEqual(new Uint8Array([1]));
    expect(asked).toEqual([1, 2]);
  });
  it('and counts when it answers after all, whatever the next one lacks', async () => {
    const late = Promise.withResolvers<Uint8Array>();
    const { fetcher, asked } = setUp((peer) => {
      if (peer === 1) return late.promise;
      late.resolve(good);
      return packPiece(undefined, 0);
    }, 1);
    expect(await seek(fetcher, [1, 2])).toEqual(new Uint8Array([1]));
    expect(asked).toEqual([1, 2]);
  });
});

describe('a fetched proposal', () => {
  const ref: BatchRef = { origin: 1, number: 1, digest: 'd'.repeat(64), bytes: 1, transactions: 1, expiresAt: 1 };
  const header = headerOf(chain, { batches: batchRefsDigest([ref]) });
  const digest = headerDigest(header);
  const rows: [sentence: string, proposal: Proposal, isTaken: boolean][] = [
    ['header, references and certificate as the digest says', { block: { header, batches: [ref] }, certificate: undefined }, true],
    ['the header with other references', { block: { header, batches: [] }, certificate: undefined }, false],
    [
      'the header with a certificate that it does not name',
      {
        block: { header, batches: [ref] },
        certificate: { kind: 'commit', chain, epoch: 0, height: 1, view: 0, digest, signers: new Uint8Array(1), signatures: [] },
      },
      false,
    ],
    ['another header', { block: { header: { ...header, time: 2 }, batches: [ref] }, certificate: undefined }, false],
  ];
  it.each(rows)('%s', (_, proposal, isTaken) => {
    expect(proposalOf(encode(proposalCodec, proposal), digest) !== undefined).toBe(isTaken);
  });
});

describe('answering', () => {
  it('one that asks without end gets nothing more; the others get their answers all the same', async () => {
    const bus = createMemoryBus();
    const names = subjects(chain);
    const held = { encoded: new Uint8Array([7]), signature: undefined } as Body;
    listen(
      {
        bus,
        subjects: names,
        self: 0,
        validators: 4,
        pipeline: {} as Pipeline,
        ingress: {} as Ingress,
        queues: { votes: 1, batches: 1, finals: 1, fetches: 64 },
        answerBytes: { perSecond: 1, burst: 10 * PIECE_BYTES },
      },
      {
        store: { find: () => held } as unknown as BodyStore,
        recent: new RecentBlocks(8, undefined),
        proposal: () => undefined,
        viewChange: () => undefined,
        loadFinals: async () => undefined,
        now: () => 0,
      },
    );
    const request = packRequest({ kind: 'batch', digest: 'd'.repeat(64) }, 0);
    const ask = async (asker: number) => {
      const { data } = await bus.request(names.fetch(0, asker), request, { timeoutMs: 30_000 });
      return new Assembly(1_000).add(data) instanceof Uint8Array;
    };
    const flood: boolean[] = [];
    for (let i = 0; i < 500; i++) flood.push(await ask(1));
    expect(flood.filter((found) => found).length).toBe(10);
    expect([await ask(2), await ask(3), await ask(1)]).toEqual([true, true, false]);
    await bus.close();
  });
  it('reads from storage within the budget of bytes, whatever heights are asked for', async () => {
    let loads = 0;
    const parts = {
      store: undefined as never,
      recent: new RecentBlocks(8, undefined),
      proposal: () => undefined,
      viewChange: () => undefined,
      loadFinals: async () => {
        loads++;
        return new Uint8Array(4 * 1024 * 1024);
      },
      budget: new TokenBucket({ perSecond: 1, burst: 16 * 1024 * 1024 }, 0),
      now: () => 0,
    };
    for (let height = 1; height <= 100; height++)
      await answerFetch(packRequest({ kind: 'final-blocks', from: height, to: height }, 0), parts);
    expect(loads).toBe(4);
  });
});
