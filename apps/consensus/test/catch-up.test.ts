import { block as blockCodec, encode } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { CatchUp } from '../src/core/catch-up.ts';
import { packPiece, unpackRequest } from '../src/core/fetch-pieces.ts';
import { Fetcher } from '../src/core/fetcher.ts';
import { type FetchedFinal, type PackedFinal, packFinalBlocks } from '../src/core/final-blocks.ts';
import { headerOf } from './support/header.ts';

const chain = 'c'.repeat(64);
const LIMITS = {
  heights: 8,
  window: 64,
  bytes: 1e6,
  perPeer: 2,
  atOnce: 4,
  slowFactor: 4,
  patienceMs: 50,
  timeoutMs: 1_000,
  failures: 3,
  lastsMs: 30_000,
};
const packed = (height: number, mark = 0): PackedFinal => ({
  block: encode(blockCodec, { header: headerOf(chain, { height }), batches: [] }),
  certificate: new Uint8Array([mark]),
  batches: [],
});
const run = (from: number, to: number, mark = 0) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => packed(from + i, mark));
const FORGED = 9;

/** What a peer does with a request: an answer, or undefined for none at all; `later` is its latency by the test's clock. */
interface Behaviour {
  readonly answer: (from: number, to: number) => Uint8Array | undefined;
  readonly laterMs?: number;
}
const has = (height: number, atMost = 8): Behaviour => ({
  answer: (from, to) => (from > height ? packPiece(undefined, 0) : honest(from, Math.min(to, height, from + atMost - 1), height)),
});
const honest = (from: number, to: number, newest: number, mark = 0) => packPiece(packFinalBlocks(run(from, to, mark), newest), 0);

/** A storage that refuses what is marked as forged, peers 1, 2 … as given, and time that passes only when everybody waits. */
function setUp(behaviours: readonly Behaviour[], limits: Partial<typeof LIMITS> = {}, start = 1) {
  let now = 0;
  let number = 0;
  const timers: { at: number; number: number; ring: () => void }[] = [];
  const wait = (ms: number) => new Promise<void>((ring) => timers.push({ at: now + ms, number: number++, ring }));
  const asked: { peer: number; from: number; to: number; timeoutMs: number }[] = [];
  const busy = { now: 0, most: 0 };
  const fetcher = new Fetcher({
    self: 0,
    validators: behaviours.length + 1,
    timeoutMs: 1_000,
    patienceMs: 1_000,
    wholeMs: 5_000,
    avoidMs: 30_000,
    atOnce: 100,
    waiting: 100,
    now: () => now,
    async ask(peer, request, timeoutMs) {
      const wanted = unpackRequest(request)?.want;
      if (wanted?.kind !== 'final-blocks') throw new Error('asked for something else');
      asked.push({ peer, from: wanted.from, to: wanted.to, timeoutMs });
      busy.most = Math.max(busy.most, ++busy.now);
      const { answer, laterMs = 10 } = behaviours[peer - 1] as Behaviour;
      await wait(Math.min(laterMs, timeoutMs));
      busy.now--;
      const given = answer(wanted.from, wanted.to);
      if (laterMs > timeoutMs || !given) throw new Error('no answer in time');
      return given;
    },
  });
  const committed: number[] = [];
  const control = new AbortController();
  const catchUp = new CatchUp(
    start,
    behaviours.map((_, i) => i + 1),
    {
      fetcher,
      now: () => now,
      signal: control.signal,
      limits: { ...LIMITS, ...limits },
      async commit(blocks: readonly FetchedFinal[]) {
        await wait(1);
        if (blocks.some((b) => b.certificate[0] === FORGED)) return false;
        committed.push(...blocks.map((b) => b.decoded.header.height));
        return true;
      },
    },
  );
  const finish = async () => {
    let over = false;
    const end = catchUp.run().finally(() => (over = true));
    end.catch(() => {});
    for (let turns = 0; !over; turns++) {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      timers.sort((a, b) => a.at - b.at || a.number - b.number);
      const next = timers.shift();
      if (!next || turns > 100_000) break;
      now = next.at;
      next.ring();
    }
    await end;
  };
  return { finish, committed, asked, busy, control, fetcher, elapsed: () => now };
}
const upTo = (height: number, from = 1) => Array.from({ length: height - from + 1 }, (_, i) => from + i);
const from = (asked: readonly { peer: number }[], peer: number) => asked.filter((a) => a.peer === peer).length;

describe('K7 catching up', () => {
  it('takes all that peers have, in order and once, several requests at a time and from all of them', async () => {
    const { finish, committed, asked, busy } = setUp([has(500), has(500), has(500)]);
    await finish();
    expect(committed).toEqual(upTo(500));
    expect(busy.most).toBe(4);
    for (const peer of [1, 2, 3]) expect(from(asked, peer)).toBeGreaterThan(10);
  });

  const rows: [sentence: string, behaviours: Behaviour[], limits?: Partial<typeof LIMITS>][] = [
    ['a peer that has nothing', [{ answer: () => packPiece(undefined, 0) }, has(100), has(100)]],
    ['a peer that has less than the others', [has(7), has(100), has(55)]],
    ['a peer that gives one block at a time', [has(100, 1), has(100, 3), has(100)]],
    ['peers that have more by the time they are asked', [{ answer: (f, t) => honest(f, Math.min(t, 100), Math.min(100, f + 3)) }]],
    ['a peer that answers nothing', [{ answer: () => undefined }, has(100)]],
    ['a peer that answers nonsense', [{ answer: () => new Uint8Array([1, 2, 3]) }, has(100)]],
    ['a peer that cuts its pieces short', [{ answer: (f, t) => honest(f, t, 100).subarray(0, 200) }, has(100)]],
    ['a peer that gives blocks of other heights', [{ answer: (f, t) => honest(f + 1, t + 1, 100) }, has(100)]],
    ['a peer that gives more than was asked for', [{ answer: (f, t) => honest(f, t + 1, 100) }, has(100)]],
    ['a peer that forges', [{ answer: (f, t) => honest(f, t, 100, FORGED) }, has(100)]],
    ['a peer that forges after a while', [{ answer: (f, t) => honest(f, t, 100, f > 40 ? FORGED : 0) }, has(100)]],
    [
      'two of three that forge',
      [1, 2].map(() => ({ answer: (f: number, t: number) => honest(f, t, 100, FORGED) })).concat([has(100)] as never),
    ],
    [
      'a peer that boasts of a height that nobody has',
      [{ answer: (f, t) => (f > 50 ? packPiece(undefined, 0) : honest(f, Math.min(t, 50), 1e9)) }, has(100)],
    ],
    ['a peer that says that it has less than it has', [{ answer: (f, t) => honest(f, Math.min(t, 100), 0) }, has(100)]],
    ['a peer that dies in the middle', [{ answer: (f, t) => (f > 30 ? undefined : honest(f, t, 100)) }, has(100)]],
    ['no room for more than a run', [has(100), has(100)], { bytes: 1 }],
    ['a window of one run', [has(100), has(100)], { window: 8 }],
  ];
  it.each(rows)('gets there with %s', async (...[, behaviours, limits]) => {
    const { finish, committed } = setUp(behaviours, limits);
    await finish();
    expect(committed).toEqual(upTo(100));
  });

  it('whoever forged is asked no more, and last of all for a while; nothing else that it gave is used', async () => {
    const { finish, asked, fetcher } = setUp([{ answer: (f, t) => honest(f, t, 400, f > 100 ? FORGED : 0) }, has(400), has(400)]);
    await finish();
    const forged = asked.findIndex((a) => a.peer === 1 && a.from > 100);
    expect(asked.slice(forged).filter((a) => a.peer === 1).length).toBeLessThanOrEqual(LIMITS.atOnce);
    expect(fetcher.isAvoided(1)).toBe(true);
  });

  it('a peer many times as slow as the others is given up after a share of the time-out, and costs no more than that', async () => {
    const slow = { ...has(2_000), laterMs: 900 };
    const { finish, committed, asked, elapsed } = setUp([slow, has(2_000), has(2_000)]);
    await finish();
    expect(committed.length).toBe(2_000);
    expect(from(asked, 1)).toBeLessThanOrEqual(4);
    expect(elapsed()).toBeLessThan(2_000 + 1_000);
  });

  it('a peer that answers at once, with one block, has not the way to itself: it holds up nothing that others would give in one go', async () => {
    const limits = { heights: 128, window: 2_048, atOnce: 8 };
    const others = [1, 2, 3].map(() => ({ ...has(20_000, 128), laterMs: 40 }));
    const alone = setUp(others, limits);
    await alone.finish();
    const { finish, committed, elapsed } = setUp([{ ...has(20_000, 1), laterMs: 30 }, ...others], limits);
    await finish();
    expect(committed.length).toBe(20_000);
    expect(elapsed()).toBeLessThan(1.5 * alone.elapsed());
  });

  it('a liar who was the first to say that it is ahead, and gives a block a second, is alone with us for a while and no longer', async () => {
    const { finish, committed, elapsed } = setUp([{ ...has(10_000, 1), laterMs: 900 }]);
    await finish();
    expect(committed.length).toBeGreaterThan(10);
    expect(elapsed()).toBeLessThan(LIMITS.lastsMs + LIMITS.timeoutMs);
  });

  it('when all are slow none is slow: the time-out follows the fastest', async () => {
    const { finish, committed } = setUp([400, 500, 600].map((laterMs) => ({ ...has(300), laterMs })));
    await finish();
    expect(committed).toEqual(upTo(300));
  });

  it.each([
    ['nobody answers', [{ answer: () => undefined }, { answer: () => undefined }]],
    ['everybody forges', [1, 2].map(() => ({ answer: (f: number, t: number) => honest(f, t, 100, FORGED) }))],
    ['nobody has anything', [has(0), has(0)]],
    ['there is nobody', []],
  ] as [string, Behaviour[]][])('ends when %s, after a bounded number of requests', async (_, behaviours) => {
    const { finish, committed, asked } = setUp(behaviours);
    await finish();
    expect(committed).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(behaviours.length * (LIMITS.failures + LIMITS.perPeer));
  });

  it('ends with an error when it is aborted or storage fails', async () => {
    const { finish, control } = setUp([has(1_000)]);
    const end = finish();
    control.abort(new Error('the service is stopping'));
    await expect(end).rejects.toThrow('the service is stopping');
  });

  it('what waits to be committed is bounded by the window, whatever the order of answers', async () => {
    const stuck: Behaviour = { ...has(10_000), laterMs: 999 };
    const { finish, asked, committed } = setUp([stuck, has(10_000)], { patienceMs: 1_000, lastsMs: 1e9 });
    await finish();
    expect(committed.length).toBe(10_000);
    for (const [i, a] of asked.entries()) {
      const lowest = Math.min(...asked.slice(i).map((b) => b.from));
      expect(a.from - lowest).toBeLessThanOrEqual(LIMITS.window + LIMITS.heights);
    }
  });
});
