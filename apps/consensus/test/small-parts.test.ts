import { sign } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { describe, expect, it } from '@jest/globals';
import { assessHealth, type Vitals } from '../src/core/assess-health.ts';
import { AuditTrail } from '../src/core/audit-trail.ts';
import { Heard } from '../src/core/heard.ts';
import { Lobby } from '../src/core/lobby.ts';
import { memoVerifier } from '../src/core/memo-verifier.ts';
import { PipelineFigures } from '../src/core/pipeline-figures.ts';
import { Shedder } from '../src/core/shedder.ts';
import { packSignatures, verifySignatures } from '../src/core/signature-job.ts';
import { TokenBucket } from '../src/core/token-bucket.ts';
import { testGenesis } from './support/genesis.ts';

const well: Vitals = { queue: 0, meanLatencyMs: 10, memory: 0.2, peers: 3, peersHeard: 3, sinceLastBlockMs: 100, withoutQuorumMs: 0 };

describe('health (C11)', () => {
  const rows: [sentence: string, change: Partial<Vitals>, level: string][] = [
    ['all is well', {}, 'Healthy'],
    ['30,000 waiting are still well', { queue: 30_000 }, 'Healthy'],
    ['more than 30,000 wait', { queue: 30_001 }, 'Degraded'],
    ['a block takes more than five seconds', { meanLatencyMs: 5_001 }, 'Degraded'],
    ['more than 85 % of the memory is used', { memory: 0.86 }, 'Critical'],
    ['fewer than half the peers are heard', { peersHeard: 1 }, 'Critical'],
    ['half the peers are enough', { peers: 4, peersHeard: 2 }, 'Healthy'],
    ['no block for 60 s', { sinceLastBlockMs: 60_000 }, 'Critical'],
    ['no quorum for 30 s (C13)', { withoutQuorumMs: 30_000 }, 'Failed'],
    ['the worst counts', { queue: 99_999, withoutQuorumMs: 30_000, memory: 0.9 }, 'Failed'],
  ];
  it.each(rows)('%s', (_, change, level) => {
    const found = assessHealth({ ...well, ...change });
    expect(found.level).toBe(level);
    expect(found.reason === '').toBe(level === 'Healthy');
  });
});

it('a token bucket gives its burst at once, then its rate, and nothing for a clock that goes back', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0), bucket.take(100), bucket.take(100), bucket.take(50), bucket.take(60)]).toEqual([
    true,
    true,
    false,
    true,
    false,
    false,
    false,
  ]);
});

it('the audit trail keeps the newest, newest last, with the time spent before', () => {
  const trail = new AuditTrail(3);
  for (let i = 0; i < 5; i++) trail.add({ height: i, view: 0, from: 'Idle', to: 'Prepared', trigger: 't', reason: 'r' }, i, i * 7);
  expect(trail.last(10).map((t) => [t.height, t.latencyUs])).toEqual([
    [2, 7],
    [3, 7],
    [4, 7],
  ]);
  expect(trail.last(1).map((t) => t.height)).toEqual([4]);
});

it('a remembered signature is not verified again, a wrong one is never remembered', () => {
  let calls = 0;
  const inner = { verify: (_: Uint8Array, __: Uint8Array, s: Uint8Array) => ++calls > 0 && s[0] === 1 };
  const memo = memoVerifier(inner, 2);
  const [key, message] = [new Uint8Array(32), new Uint8Array(32)];
  const good = new Uint8Array(64).fill(1);
  expect([memo.verify(key, message, good), memo.verify(key, message, good), calls]).toEqual([true, true, 1]);
  expect([memo.verify(key, message, new Uint8Array(64)), memo.verify(key, message, new Uint8Array(64)), calls]).toEqual([false, false, 3]);
  expect(memo.verify(new Uint8Array(32).fill(9), message, good)).toBe(true);
  expect(calls).toBe(4);
});

it('who was heard within ten seconds counts, and without a quorum the clock runs', () => {
  const heard = new Heard(genesisSet(testGenesis(4).genesis), 0, 0);
  heard.note(1, 5_000);
  heard.note(2, 1_000);
  expect(heard.lately(9_000)).toEqual([0, 1, 2]);
  expect(heard.withoutQuorumMs(9_000)).toBe(0);
  expect(heard.lately(12_000)).toEqual([0, 1]);
  expect(heard.withoutQuorumMs(40_000)).toBe(31_000);
});

describe('where messages wait (C6)', () => {
  const lobby = () => new Lobby<string>(3, { messages: 2, bytes: 100 });
  it('one of each sender in turn, the urgent ones of all before the others', () => {
    const l = new Lobby<string>(3, { messages: 9, bytes: 100 });
    for (const item of ['a1', 'a2', 'a3']) l.put(0, 'urgent', 1, item);
    l.put(1, 'background', 1, 'b1');
    l.put(2, 'urgent', 1, 'c1');
    expect([l.take(3), l.size]).toEqual([['a1', 'c1', 'a2'], 2]);
    expect(l.take(9)).toEqual(['a3', 'b1']);
    expect([l.take(9), l.size]).toEqual([[], 0]);
  });
  it.each([
    ['a third message', 'urgent', 1, ['new']],
    ['a third that matters less', 'background', 1, ['new']],
    ['more bytes than may wait', 'urgent', 99, ['new']],
    ['more than fits into an empty room', 'urgent', 101, ['new']],
  ] as const)('full of urgent ones: %s', (_, rank, bytes, gone) => {
    const l = lobby();
    l.put(0, 'urgent', 1, 'x');
    l.put(0, 'urgent', 1, 'y');
    expect(l.put(0, rank, bytes, 'new')).toEqual(gone);
    expect(l.size).toBe(2);
  });
  it('an urgent one takes the place of the same sender’s oldest other, and of nobody else’s', () => {
    const l = lobby();
    l.put(1, 'background', 1, 'other');
    l.put(0, 'background', 1, 'x');
    l.put(0, 'background', 1, 'y');
    expect([l.put(0, 'urgent', 1, 'new'), l.put(0, 'urgent', 100, 'large')]).toEqual([['x'], ['y', 'large']]);
    expect(l.take(9)).toEqual(['new', 'other']);
    expect(l.put(7, 'urgent', 1, 'nobody')).toEqual(['nobody']);
  });
});

it('when memory is short, clients go first, then batches, then messages of other heights (C6)', () => {
  let share = 0;
  let now = 0;
  const shedder = new Shedder(
    () => share,
    () => now,
  );
  const refused = (at: number) => {
    share = at;
    now += 100;
    return (['client', 'batch', 'background'] as const).filter((work) => shedder.refuses(work));
  };
  expect([0.85, 0.86, 0.91, 0.96].map(refused)).toEqual([[], ['client'], ['client', 'batch'], ['client', 'batch', 'background']]);
});

it('pipeline figures: counts by kind and code, time through the gates, accepted in a second (C8)', () => {
  const figures = new PipelineFigures();
  for (let ms = 0; ms < 9_000; ms += 100) figures.onAccepted('prepare', ms, 2);
  figures.onReceived('commit');
  figures.onRejected('DuplicateMessage', 2);
  figures.onRejected('DuplicateMessage', undefined);
  expect([...figures.received, ...figures.accepted, ...figures.rejected]).toEqual([
    ['commit', 1],
    ['prepare', 90],
    ['DuplicateMessage', 2],
  ]);
  expect([figures.latency.figures().p99Ms, figures.throughput(9_500), figures.throughput(13_500), figures.throughput(99_000)]).toEqual([
    2,
    10,
    50 / 9,
    0,
  ]);
});

it('signatures travel as flat bytes: a group holds with all of its signatures', () => {
  const { keys } = testGenesis(4);
  const signed = (by: number, text: number) => {
    const { publicKey, secretKey } = keys[by] as (typeof keys)[number];
    const message = new Uint8Array(32).fill(text);
    return { publicKey, message, signature: sign(secretKey, message) };
  };
  const bad = { ...signed(2, 5), signature: new Uint8Array(64) };
  const groups = [[signed(0, 1), signed(1, 1)], [signed(2, 2), bad, signed(3, 3)], [bad], [signed(3, 4)], []];
  expect([...verifySignatures(packSignatures(groups))]).toEqual([1, 0, 0, 1, 1]);
});
