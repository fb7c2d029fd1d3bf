import { describe, expect, it } from '@jest/globals';
import { Clock } from '../src/world/clock.ts';
import { Disk } from '../src/world/disk.ts';
import { EventQueue } from '../src/world/event-queue.ts';
import { IdealSignatures } from '../src/world/ideal-signatures.ts';
import { keyPairOf } from '../src/world/keys.ts';
import { Network, type NetworkShape } from '../src/world/network.ts';
import { Random } from '../src/world/random.ts';
import { SignerDouble } from '../src/world/signer.ts';
import { Trace } from '../src/world/trace.ts';

const chain = 'ab'.repeat(32);
const digestOf = (i: number) => i.toString(16).padStart(64, '0');

describe('random numbers', () => {
  it('repeat with the seed and the stream', () => {
    const draw = (seed: number, stream: number) => {
      const random = new Random(seed, stream);
      return Array.from({ length: 20 }, () => random.u32());
    };
    expect(draw(7, 1)).toEqual(draw(7, 1));
    expect(draw(7, 1)).not.toEqual(draw(8, 1));
    expect(draw(7, 1)).not.toEqual(draw(7, 2));
    expect(draw(2 ** 32 + 7, 1)).not.toEqual(draw(7, 1));
  });
  it('are spread evenly', () => {
    const random = new Random(1);
    // Chi-square with 9 degrees of freedom stays below 33.7 in 99.99 % of all cases; the seed is fixed.
    const fresh = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const at = random.below(10);
      fresh[at] = (fresh[at] ?? 0) + 1;
    }
    expect(fresh.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(33.7);
  });
});

describe('virtual time', () => {
  it('runs events by time, and those of one time in the order in which they were put in', () => {
    const queue = new EventQueue(1000);
    const random = new Random(3);
    const ran: [number, number][] = [];
    for (let i = 0; i < 500; i++) queue.after(random.below(20), () => ran.push([queue.now, i]));
    while (queue.step());
    expect(ran).toHaveLength(500);
    expect(ran).toEqual([...ran].sort(([a, i], [b, j]) => a - b || i - j));
  });
  it('stops before a limit', () => {
    const queue = new EventQueue(0);
    queue.after(10, () => {});
    expect(queue.step(9)).toBe(false);
    expect(queue.step(10)).toBe(true);
    expect(queue.step()).toBe(false);
  });
  it('a clock with skew and drift wakes when it shows the time', () => {
    let now = 5000;
    const clock = new Clock(() => now, -300, 1e-3);
    expect(clock.now()).toBe(4700);
    now += clock.until(4900);
    expect(clock.now()).toBe(4900);
    clock.step(-5000, 1500);
    expect(clock.now()).toBe(3700);
  });
});

describe('ideal signatures', () => {
  const scheme = new IdealSignatures();
  const [a, b] = [keyPairOf(0), keyPairOf(1)];
  const message = new Uint8Array(32).fill(9);
  it('verify for their owner and message only, and only once they were made', () => {
    const copy = new IdealSignatures().sign(a.secretKey, message);
    expect(scheme.verify(a.publicKey, message, copy)).toBe(false);
    const signature = scheme.sign(a.secretKey, message);
    expect(signature).toEqual(copy);
    expect(scheme.verify(a.publicKey, message, signature)).toBe(true);
    expect(scheme.verify(b.publicKey, message, signature)).toBe(false);
    expect(scheme.verify(a.publicKey, new Uint8Array(32), signature)).toBe(false);
    expect(scheme.verify(a.publicKey, message, signature.with(40, 1))).toBe(false);
    expect(scheme.verify(a.publicKey, message, new Uint8Array(0))).toBe(false);
  });
});

describe('a disk', () => {
  const make = (seed: number) => {
    const queue = new EventQueue(0);
    const durable: number[] = [];
    const disk = new Disk({
      random: new Random(seed),
      after: (delay, run) => queue.after(delay, run),
      syncMs: () => 1,
      durable: (records) => durable.push(...records.map((r) => r[0] ?? -1)),
    });
    return { queue, disk, durable };
  };
  const first = (records: readonly Uint8Array[]) => records.map((r) => r[0]);

  it('keeps what was appended before the sync, and tells so before it answers', () => {
    const { queue, disk, durable } = make(1);
    disk.append(new Uint8Array([1]));
    let seen: number[] | undefined;
    disk.sync(() => (seen = [...durable]));
    disk.append(new Uint8Array([2]));
    queue.step();
    expect(seen).toEqual([1]);
    expect(first(disk.all)).toEqual([1, 2]);
  });
  it('loses a tail of what was not synced, never a record before a kept one, and sometimes tears one', () => {
    const seen = new Set<string>();
    let torn = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { queue, disk } = make(seed);
      disk.append(new Uint8Array([1]));
      disk.sync(() => {});
      queue.step();
      for (const i of [2, 3, 4]) disk.append(new Uint8Array([i, 0, 0]));
      torn += disk.crash('any').torn;
      seen.add(first(disk.read()).join());
    }
    expect([...seen].sort()).toEqual(['1', '1,2', '1,2,3', '1,2,3,4']);
    expect(torn).toBeGreaterThan(0);
  });
  it.each([
    ['lost', '1', 0],
    ['written', '1,2,3', 0],
    ['torn', '1,2', 1],
  ] as const)('a planned crash leaves the tail %s', (tail, kept, torn) => {
    const { queue, disk } = make(1);
    disk.append(new Uint8Array([1]));
    disk.sync(() => {});
    queue.step();
    for (const i of [2, 3]) disk.append(new Uint8Array([i, 0, 0]));
    expect(disk.crash(tail).torn).toBe(torn);
    expect(first(disk.read()).join()).toBe(kept);
  });
  it('drops the rest at a compaction', () => {
    const { queue, disk } = make(5);
    disk.append(new Uint8Array([1]));
    disk.sync(() => {});
    disk.compact([new Uint8Array([7])]);
    disk.append(new Uint8Array([8]));
    queue.step();
    expect(first(disk.all)).toEqual([7, 8]);
  });
});

describe('the signer double', () => {
  const vote = (view: number, digest: string, phase: 'prepare' | 'view-change' = 'prepare') =>
    ({ chain, epoch: 0, height: 5, view, phase, digest }) as const;
  it('repeats a signature, refuses a conflicting vote and votes of a view that was left', () => {
    const signer = new SignerDouble(new IdealSignatures(), keyPairOf(2).secretKey, 2, chain);
    const one = signer.sign(vote(0, digestOf(1)));
    expect(one).toBeInstanceOf(Uint8Array);
    expect(signer.sign(vote(0, digestOf(1)))).toBe(one);
    expect(signer.sign(vote(0, digestOf(2)))).toBeUndefined();
    expect(signer.sign(vote(2, digestOf(3), 'view-change'))).toBeDefined();
    expect(signer.sign(vote(1, digestOf(1)))).toBeUndefined();
    expect(signer.sign(vote(0, digestOf(1)))).toBe(one);
    expect(signer.sign(vote(2, digestOf(1)))).toBeDefined();
    expect(signer.rowsFrom(5)).toHaveLength(3);
    expect(signer.rowsFrom(6)).toHaveLength(0);
  });
});

describe('the network', () => {
  const calm: NetworkShape = { latencyMs: 5, jitterMs: 5, dropped: 0, doubled: 0, late: 0, lateMs: 0 };
  const make = (shape: Partial<NetworkShape>) => {
    const queue = new EventQueue(0);
    const got: unknown[] = [];
    const network = new Network(
      {
        random: new Random(11),
        now: () => queue.now,
        after: (delay, run) => queue.after(delay, run),
        deliver: (_from, _to, what) => got.push(what),
      },
      { ...calm, ...shape },
    );
    for (let i = 0; i < 1000; i++) network.send(0, 1, i);
    while (queue.step());
    return { network, got, queue };
  };
  it.each([
    ['carries everything once when it is calm', {}, 1000, 1000],
    ['drops about the share it is told to', { dropped: 0.2 }, 750, 850],
    ['doubles about the share it is told to', { doubled: 0.2 }, 1150, 1250],
  ])('%s', (_, shape, least, most) => {
    const { got } = make(shape);
    expect(got.length).toBeGreaterThanOrEqual(least);
    expect(got.length).toBeLessThanOrEqual(most);
  });
  it('reorders', () => {
    const { got, network } = make({ late: 0.2, lateMs: 100 });
    expect(network.counts.reordered).toBeGreaterThan(0);
    expect(got).not.toEqual([...got].sort((a, b) => Number(a) - Number(b)));
  });
  it('cuts one direction for as long as it is told to, and obeys a judge', () => {
    const { network, got, queue } = make({});
    got.length = 0;
    network.cut({ from: 0, to: 1, endsAt: queue.now + 50 });
    network.send(0, 1, 'cut');
    network.send(1, 0, 'back');
    queue.after(60, () => network.send(0, 1, 'after'));
    while (queue.step());
    network.judge = (_from, _to, what) => (what === 'withheld' ? undefined : 0);
    network.send(0, 1, 'withheld');
    network.send(0, 1, 'let through');
    while (queue.step());
    expect(got).toEqual(['back', 'after', 'let through']);
  });
});

describe('the trace', () => {
  it('differs when anything differs', () => {
    const hash = (...details: (string | number)[]) => {
      const trace = new Trace();
      trace.add(1, 0, 'prepare', ...details);
      return trace.hash();
    };
    expect(hash(1, 'ab')).toBe(hash(1, 'ab'));
    expect(new Set([hash(1, 'ab'), hash(2, 'ab'), hash(1, 'ac'), hash(1)]).size).toBe(4);
  });
  it('remembers the last events only', () => {
    const trace = new Trace();
    for (let i = 0; i < 10_000; i++) trace.add(i, -1, 'tick', i);
    expect(trace.last(3).map((l) => l.split(' ').at(-1))).toEqual(['9997', '9998', '9999']);
    expect(trace.last(1e6)).toHaveLength(4096);
  });
});
