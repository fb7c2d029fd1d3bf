import type { DisbursementBody } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { bounds } from '../src/index.ts';
import { chain, many, star } from './support/generate.ts';
import { approve, cancel, deps, did, digestOf, idOf, lease, OTHER, TREASURY, TREASURY_ACCOUNT, transfer, World } from './support/world.ts';

const funded = (): World => {
  const w = new World();
  w.run([lease('exec', 'acquire'), transfer('client', TREASURY_ACCOUNT, 900_000n)]);
  return w;
};
const keys = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `k${from + i}`);

function imported(w: World, items: DisbursementBody[]): string {
  for (const tx of w.importTxs(items, 'client', 1000)) expect(w.run([tx])).toEqual(['done']);
  return digestOf(items);
}

/** Blocks without transactions until no deferred work is left; how many. */
function settle(w: World): number {
  let blocks = 0;
  for (; w.ledger.deferred > 0; blocks += 1) w.block();
  return blocks;
}

describe('a chain of 10,000 dependencies', () => {
  const items = chain(10_000);

  it('is admitted, paid in ten batches of one block each, in order and without recursion', () => {
    const w = funded();
    const digest = imported(w, items);
    w.run([approve('ann', digest), approve('bob', digest)]);
    expect(w.readyKeys()).toEqual(['k0']);
    for (let at = 0; at < 10_000; at += 1000) expect(w.pay(...keys(at, at + 1000)).every((v) => v === 'done')).toBe(true);
    expect(w.ledger.findImport(digest)?.counts.executed).toBe(10_000);
    w.ledger.audit();
  });

  it('is blocked to its end when its first is cancelled, over several blocks', () => {
    const w = funded();
    const digest = imported(w, items);
    w.run([approve('ann', digest), approve('bob', digest), cancel('ann', 'k0')]);
    settle(w);
    expect(w.ledger.findImport(digest)?.counts).toMatchObject({ cancelled: 1, blocked: 9_999, queued: 0 });
  });

  it('closed to a ring is refused, wherever it is entered', () => {
    const w = funded();
    const ring = items.map((b, i) => (i === 0 ? { ...b, dependsOn: [did('k9999')] } : b));
    const txs = w.importTxs(ring, 'client', 1000);
    for (const tx of txs.slice(0, -1)) expect(w.run([tx])).toEqual(['done']);
    expect(w.run(txs.slice(-1))).toEqual(['DependencyCycle']);
    expect(w.ledger.treasury(TREASURY)?.counts.voting).toBe(0);
  });
});

describe('one item with 50,000 dependents', () => {
  const items = star(50_001);

  it('releases them over blocks by its cursor, in order, and each may be executed before its turn', () => {
    const w = funded();
    const digest = imported(w, items);
    w.run([approve('ann', digest), approve('bob', digest)]);
    settle(w);
    expect(w.ledger.findImport(digest)?.counts.queued).toBe(50_001);
    expect(w.pay('k0')).toEqual(['done']);
    const counted = (): number => {
      let count = 0;
      let cursor: string | undefined;
      do {
        const page = w.ledger.ready(0, 'consumer', 1000, cursor);
        count += page.items.length;
        cursor = page.next;
      } while (cursor !== undefined);
      return count;
    };
    expect(counted()).toBe(bounds.workPerBlock);
    expect(w.ledger.readyCount(0, 'consumer')).toBe(counted());
    // Judged by the facts: the last one's turn has not come, its dependency is executed all the same.
    expect(w.pay('k50000')).toEqual(['done']);
    expect(settle(w)).toBeGreaterThan(0);
    expect(counted()).toBe(49_999);
    expect(w.readyKeys().slice(0, 2)).toEqual(['k1', 'k2']);
    w.ledger.audit();
  });
});

describe('an import of 100,000 items', () => {
  it('is sealed as one, queued over blocks, refused at one more, and proved at both ends', () => {
    const w = funded();
    const items = many(100_000);
    const digest = digestOf(items);
    const txs = w.importTxs(items);
    for (const tx of txs.slice(0, -1)) w.block([tx]);
    const oneMore = { kind: 'importChunk', treasury: TREASURY, import: digest, index: 100, items: items.slice(0, 1) } as const;
    expect(w.run([{ by: 'client', action: { ...oneMore, items: [...oneMore.items] } }, ...txs.slice(-1)])).toEqual([
      'ImportTooLarge',
      'done',
    ]);
    expect(w.ledger.findImport(digest)).toMatchObject({ items: 100_000, total: 100_000n, counts: { voting: 100_000 } });
    w.run([approve('ann', digest), approve('bob', digest)]);
    expect(w.ledger.findImport(digest)?.counts).toMatchObject({ queued: bounds.workPerBlock, voting: 100_000 - bounds.workPerBlock });
    expect(w.pay('k99999')).toEqual(['done']); // approved, though its turn in the queue has not come
    expect(settle(w)).toBe(100_000 / bounds.workPerBlock - 2);
    expect(w.ledger.findImport(digest)?.counts).toMatchObject({ queued: 99_999, executed: 1, voting: 0 });
    for (const index of [0, 99_999]) expect(w.ledger.importProof(digest, index)).toMatchObject({ id: did(`k${index}`), count: 100_000 });
  });
});

describe('45,000 items', () => {
  it('come out of their time-lock, and get their funds back, over several blocks', () => {
    const w = new World({ accounts: [{ id: idOf('client'), balance: 1_000_000_000n }] });
    w.run([lease('exec', 'acquire')]);
    const notBefore = w.ledger.time + 5_000;
    const digest = imported(
      w,
      many(45_000, () => ({ amount: 20_000n, notBefore })),
    );
    w.run([approve('ann', digest), approve('bob', digest)]);
    settle(w);
    const counts = () => w.ledger.findImport(digest)?.counts;
    expect(counts()).toMatchObject({ timelocked: 45_000 });
    w.block([], 5_000);
    expect(counts()).toMatchObject({ timelocked: 25_000, queued: 20_000 });
    w.block();
    w.block();
    expect(counts()).toMatchObject({ timelocked: 0, queued: 45_000 });
    for (let at = 0; at < 45_000; at += 1000) expect(new Set(w.pay(...keys(at, at + 1000)))).toEqual(new Set(['InsufficientFunds']));
    expect(counts()).toMatchObject({ queued: 0, blocked: 45_000 });
    // Enough for 42,500; the rest comes while the walk is at 40,000 and must not be forgotten.
    w.run([transfer('client', TREASURY_ACCOUNT, 850_000_000n)]);
    expect(counts()).toMatchObject({ queued: 20_000, blocked: 25_000 });
    w.run([transfer('client', TREASURY_ACCOUNT, 50_000_000n)]);
    expect(counts()).toMatchObject({ queued: 40_000, blocked: 5_000 });
    settle(w);
    expect(counts()).toMatchObject({ queued: 45_000, blocked: 0 });
    expect(w.readyKeys().slice(0, 2)).toEqual(['k0', 'k1']);
    w.ledger.audit();
  });
});

describe('shards', () => {
  it('hold whole dependency components, also across imports, and use more than one', () => {
    const w = new World({ shards: 4 });
    const items = many(400, (i) => (i % 4 === 0 ? {} : { dependsOn: [did(`k${i - 1}`)] }));
    const digest = imported(w, items);
    const late = many(1, () => ({ clientKey: 'late', dependsOn: deps('k7') }));
    const digest2 = imported(w, late);
    w.run([digest, digest2].flatMap((d) => [approve('ann', d), approve('bob', d)]));
    w.run([lease('exec', 'acquire', 0), lease('exec', 'acquire', 1), lease('exec', 'acquire', 2), lease('exec', 'acquire', 3)]);
    const shardOf = new Map<string, number>();
    let seq = 1n;
    for (let round = 0; round < 4; round += 1) {
      for (let shard = 0; shard < 4; shard += 1) {
        const found = w.ledger.ready(shard, 'consumer', 1000).items.filter((i) => i.after.length === 0);
        for (const { id } of found) shardOf.set(w.ledger.disbursement(id)?.body.clientKey ?? '', shard);
        const batch = w.batch([], { shard, seq, items: found.map(({ id, bodyHash, attempts }) => ({ id, bodyHash, attempt: attempts })) });
        expect(w.outcomes(batch).every((v) => v === 'done')).toBe(true);
      }
      seq += 1n;
    }
    expect(shardOf.size).toBe(400);
    for (let i = 0; i < 400; i += 1) expect(shardOf.get(`k${i}`)).toBe(shardOf.get(`k${i - (i % 4)}`));
    expect(new Set(shardOf.values()).size).toBe(4);
    expect(w.ledger.ready(shardOf.get('k7') as number, 'consumer', 10).items.map(({ id }) => id)).toEqual([did('late')]);
    expect(w.ledger.treasury(OTHER)?.counts.executed).toBe(0);
  });
});
