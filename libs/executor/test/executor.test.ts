import { sign } from '@bursar/crypto';
import { merkleRoot } from '@bursar/merkle';
import {
  bodyHash,
  decode,
  decodeTransaction,
  disbursementId,
  encodeTransaction,
  importDigest,
  importLeaf,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  signedTransaction,
  toHex,
  transactionHash,
  treasuryId,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { body, Chain, did, type Fate, keyOf, TREASURY } from './support/chain.ts';
import { Rig } from './support/rig.ts';

const many = (n: number, prefix = 'p') => Array.from({ length: n }, (_, i) => body(`${prefix}${i}`));
const allPaid =
  (chain: Chain, n: number, prefix = 'p') =>
  () =>
    many(n, prefix).every((b) => chain.state(b.clientKey) === 'executed');
const receiptsPerId = (chain: Chain) => {
  const count = new Map<string, number>();
  for (const r of chain.receipts) count.set(r.disbursement, (count.get(r.disbursement) ?? 0) + 1);
  return count;
};

describe('executor', () => {
  it('acquires the lease, pays everything once and resolves every batch', async () => {
    const chain = new Chain();
    chain.approve(many(20));
    const rig = await new Rig(chain).start();
    expect(await rig.quiet(() => allPaid(chain, 20)() && rig.executor.status().staged === 0)).toBe(true);
    expect(chain.receipts).toHaveLength(20);
    expect(new Set(rig.endings)).toEqual(new Set(['applied']));
    expect(rig.executor.status()).toMatchObject({ paid: 20, staged: 0, breaker: 'closed', leaseEpoch: 1n, lastSeq: 7n });
    expect(rig.errors).toEqual([]);
  });

  it('keeps no more than its window unexecuted, each batch within its size', async () => {
    const chain = new Chain();
    chain.approve(many(40));
    const rig = await new Rig(chain, { settings: { window: 2, batchItems: 5 } }).start();
    await rig.run(2);
    expect(rig.executor.status().staged).toBe(2);
    const batches = [...chain.sent.values()].map(([bytes]) => bytes?.length ?? 0);
    expect(chain.waiting).toBe(2);
    expect(batches.length).toBeGreaterThan(2);
    await rig.tick();
    expect(rig.executor.status().staged).toBe(2);
  });

  it('lets its window empty by half before it fills it again: a block with one batch costs as much as one with many', async () => {
    const chain = new Chain();
    chain.approve(many(20));
    let sends = 0;
    const fate = () => (sends++ > 0 && sends % 2 === 1 ? 'late' : 'taken'); // batches are executed one by one
    const rig = await new Rig(chain, { settings: { window: 4, batchItems: 1 }, fate }).start();
    const planned: number[] = [];
    for (let blocks = 0; blocks < 12; blocks++) {
      chain.block(50);
      planned.push(await rig.tick());
    }
    expect(planned.filter((n) => n === 1)).toEqual([]);
    expect(planned.filter((n) => n >= 2).length).toBeGreaterThan(2);
    expect(await rig.quiet(allPaid(chain, 20))).toBe(true);
  });

  it('pays a chain of dependents in order, as many in a block as its batches hold', async () => {
    const chain = new Chain();
    const items = many(24).map((b, i) => (i === 0 ? b : { ...b, dependsOn: [did(`p${i - 1}`)] }));
    chain.approve(items);
    const rig = await new Rig(chain).start();
    expect(await rig.quiet(allPaid(chain, 24))).toBe(true);
    expect(new Set(chain.receipts.map((r) => r.height)).size).toBeLessThanOrEqual(4);
    expect(chain.receipts.map((r) => r.disbursement)).toEqual(items.map((b) => did(b.clientKey)));
  });

  it('pays scheduled items when ledger time comes, both lanes, and nothing unapproved', async () => {
    const chain = new Chain();
    const later = chain.ledger.time + 3_000;
    chain.approve([body('now'), body('later', { notBefore: later }), body('bulk', { lane: 'industrial' })]);
    const rig = await new Rig(chain).start();
    await rig.run(6);
    expect(['now', 'later', 'bulk'].map((k) => chain.state(k))).toEqual(['executed', 'timelocked', 'executed']);
    await rig.run(5, 1_000);
    expect(chain.state('later')).toBe('executed');
  });

  it('reads only lists in which something is ready, and all while it is told nothing', async () => {
    const chain = new Chain();
    const later = chain.ledger.time + 10_000;
    chain.approve([body('later', { notBefore: later, lane: 'industrial' })]);
    const rig = await new Rig(chain).start();
    await rig.run(10);
    expect(rig.reads.listed).toEqual([]);
    expect(await rig.quiet(() => chain.state('later') === 'executed')).toBe(true);
    expect(new Set(rig.reads.listed)).toEqual(new Set(['industrial']));
    rig.reads.told = false;
    await rig.run(1);
    expect(new Set(rig.reads.listed)).toEqual(new Set(['industrial', 'consumer']));
  });

  it('renews its lease at half of its length and stays in one epoch', async () => {
    const chain = new Chain();
    const rig = await new Rig(chain).start();
    await rig.run(60, 1_000);
    expect(chain.lease()).toMatchObject({ epoch: 1n, holder: keyOf('exec').id });
    expect(chain.ledger.account(keyOf('exec').id)?.nonce).toBeLessThan(13n); // 60 s: no more than one renewal for each half
    expect(chain.ledger.account(keyOf('exec').id)?.nonce).toBeGreaterThan(5n);
    expect(rig.errors).toEqual([]);
  });

  it('stands by while another executor holds the lease and takes over when that one falls silent', async () => {
    const chain = new Chain();
    const first = await new Rig(chain).start();
    await first.run(3);
    const second = await new Rig(chain, { key: 'exec2' }).start();
    chain.approve(many(3));
    await second.run(10, 500);
    expect(chain.lease().holder).toBe(keyOf('exec').id);
    await second.run(20, 500);
    expect(chain.lease()).toMatchObject({ epoch: 2n, holder: keyOf('exec2').id });
    expect(await second.quiet(allPaid(chain, 3))).toBe(true);
  });

  it('gives the lease back when it stops, so that another need not wait', async () => {
    const chain = new Chain();
    const first = await new Rig(chain).start();
    await first.run(3);
    await first.executor.release();
    chain.block();
    expect(chain.lease().released).toBe(true);
    const second = await new Rig(chain, { key: 'exec2' }).start();
    await second.run(3);
    expect(chain.lease()).toMatchObject({ epoch: 2n, holder: keyOf('exec2').id });
  });

  it('is fenced after a sleep past the lease, drops what it had and starts anew under the next epoch', async () => {
    const chain = new Chain();
    chain.approve(many(5));
    let fate: Fate = 'taken';
    const sleeper = await new Rig(chain, { fate: () => fate }).start();
    await sleeper.run(1);
    fate = 'late'; // its batches hang about while it sleeps
    await sleeper.run(2);
    expect(sleeper.executor.status().staged).toBeGreaterThan(0);
    for (let i = 0; i < 3; i++) chain.block(5_000);
    const second = await new Rig(chain, { key: 'exec2' }).start();
    expect(await second.quiet(allPaid(chain, 5))).toBe(true);
    fate = 'taken';
    await sleeper.run(3);
    expect(sleeper.endings).toEqual(['reused', 'reused']);
    expect([...receiptsPerId(chain).values()].every((n) => n === 1)).toBe(true);
  });

  it.each([
    ['fenced', 60_000],
    ['expired', 1_000],
  ] as const)('a batch that is proven %s is planned anew', async (ending, expiryMs) => {
    const chain = new Chain();
    let fate: Fate = 'taken';
    const rig = await new Rig(chain, { fate: () => fate, settings: { expiryMs } }).start();
    await rig.run(3);
    chain.approve(many(2));
    fate = 'lost';
    await rig.tick();
    expect(rig.executor.status().staged).toBe(1);
    chain.block(ending === 'fenced' ? 12_000 : 1_100);
    fate = 'taken';
    expect(await rig.quiet(allPaid(chain, 2))).toBe(true);
    await rig.run(2);
    expect(rig.endings).toEqual([ending, 'applied']);
    expect(chain.receipts.map((r) => [r.seq, r.leaseEpoch])).toEqual(Array(2).fill([1n, ending === 'fenced' ? 2n : 1n]));
  });

  it('two processes with one key: the newest takes over, the other stands by, nothing is paid twice', async () => {
    const chain = new Chain();
    chain.approve(many(30));
    const a = await new Rig(chain).start();
    await a.run(2);
    const b = await new Rig(chain).start();
    for (let i = 0; i < 40; i++) {
      chain.block();
      await a.tick();
      await b.tick();
    }
    expect(allPaid(chain, 30)()).toBe(true);
    expect([...receiptsPerId(chain).values()].every((n) => n === 1)).toBe(true);
    expect(chain.lease().epoch).toBe(2n);
    expect([a.executor.status().otherCopy, b.executor.status().otherCopy]).toEqual([true, false]);
  });

  it('a batch that meets a pause waits for its end under the same bytes', async () => {
    const chain = new Chain();
    const rig = await new Rig(chain, { settings: { expiryMs: 60_000 } }).start();
    await rig.run(3);
    chain.approve(many(2));
    // The pause stands before the batch in the block that holds both.
    const pause = { treasury: TREASURY, number: 1 };
    await rig.tick();
    const batch = [...chain.sent.keys()].at(-1) as string;
    expect(decodeTransaction(unwrap(chain.sent.get(batch)?.[0] as Uint8Array)).action.kind).toBe('executeBatch');
    pauseFirst(chain, pause);
    await rig.run(30, 300);
    expect(chain.receipts).toHaveLength(0);
    expect(rig.executor.status().staged).toBe(1);
    expect(rig.errors).toContain('paused');
    expect(rig.executor.status().breaker).toBe('closed');
    chain.act('gus', { kind: 'resume', ...pause });
    expect(await rig.quiet(allPaid(chain, 2))).toBe(true);
    expect(new Set(chain.receipts.map((r) => r.transaction))).toEqual(new Set([batch]));
    expect((chain.sent.get(batch) ?? []).length).toBeGreaterThan(1);
  });

  it('an item that funds do not cover is left to the ledger, the others are paid', async () => {
    const chain = new Chain();
    chain.approve([body('a'), body('huge', { amount: 999_999_999n }), body('b')]);
    const rig = await new Rig(chain).start();
    await rig.run(20);
    expect(['a', 'huge', 'b'].map((k) => chain.state(k))).toEqual(['executed', 'blocked', 'executed']);
    expect(rig.errors).toEqual(['item_refused']);
    expect(rig.executor.status()).toMatchObject({ staged: 0, paid: 2 });
  });

  it('planning can be stopped and started; a redrive plans at once', async () => {
    const chain = new Chain();
    chain.approve(many(2));
    const rig = await new Rig(chain).start();
    rig.executor.setPlanning(false);
    await rig.run(5);
    expect([chain.receipts.length, rig.executor.status().planningStopped]).toEqual([0, true]);
    rig.executor.setPlanning(true);
    expect(await rig.executor.redrive()).toBe(2);
  });

  it('tries the next validator, and later batches go there at once', async () => {
    const chain = new Chain();
    chain.approve(many(30));
    const rig = await new Rig(chain, { fate: (place) => (place === 0 ? 'lost' : 'taken') }).start();
    expect(await rig.quiet(allPaid(chain, 30))).toBe(true);
    expect(rig.submitter.places.filter((p) => p === 0)).toHaveLength(1);
    expect(rig.executor.status().breaker).toBe('closed');
  });

  it('opens the breaker when nobody takes anything, plans nothing for 60 s, and comes back by probes', async () => {
    const chain = new Chain();
    chain.approve(many(60));
    let fate: Fate = 'taken';
    const rig = await new Rig(chain, { fate: () => fate, settings: { batchItems: 1, expiryMs: 3_600_000, leaseMs: 1 } }).start();
    await rig.run(2);
    fate = 'lost';
    await rig.run(6, 1_000);
    expect(rig.executor.status().breaker).toBe('open');
    const seq = rig.executor.status().lastSeq;
    fate = 'taken';
    await rig.run(20, 1_000);
    expect(rig.executor.status()).toMatchObject({ breaker: 'open', lastSeq: seq, staged: 0 }); // in-flight ones were resolved
    await rig.run(60, 1_000);
    expect(rig.executor.status().breaker).toBe('closed');
    expect(await rig.quiet(allPaid(chain, 60))).toBe(true);
    expect([...receiptsPerId(chain).values()].every((n) => n === 1)).toBe(true);
  });

  it('leaves a storage that shows no new block', async () => {
    const chain = new Chain();
    const rig = await new Rig(chain).start();
    await rig.run(2);
    for (let i = 0; i < 70; i++) await rig.tick();
    expect(rig.reads.rotations).toBe(1);
  });

  it('an item of a treasury that does not list this executor is tried later and later, not in every block', async () => {
    const chain = new Chain({ ...new Chain().genesis, treasuries: [...new Chain().genesis.treasuries, foreign()] });
    const item = { ...body('x'), treasury: FOREIGN };
    approveForeign(chain, item);
    const rig = await new Rig(chain).start();
    await rig.run(100, 100);
    expect(rig.endings.filter((e) => e === 'applied').length).toBeLessThan(8);
  });
});

const unwrap = (bytes: Uint8Array) => decode(signedTransaction, bytes).body;
const FOREIGN = treasuryId('foreign');
const foreign = () => ({
  name: 'foreign',
  proposers: [keyOf('clerk').id],
  approval: mOfN([keyOf('ann').id], 1),
  limits: NO_LIMITS,
  guardians: [keyOf('gus').id],
  guardianThreshold: 1,
  executors: [keyOf('exec2').id],
  delays: NO_DELAYS,
});

function approveForeign(chain: Chain, item: ReturnType<typeof body>): void {
  const digest = importDigest(FOREIGN, merkleRoot([importLeaf(disbursementId(FOREIGN, item.clientKey), bodyHash(item))]));
  const common = { treasury: FOREIGN, import: digest };
  chain.act('clerk', { kind: 'importChunk', ...common, index: 0, items: [item] }, { kind: 'importSeal', ...common, chunks: 1, count: 1 });
  chain.act('ann', { kind: 'approve', ...common });
}

/** Puts the pause in front of what validators hold, and makes the block. */
function pauseFirst(chain: Chain, pause: { treasury: string; number: number }): void {
  const key = keyOf('gus');
  const nonce = chain.ledger.account(key.id)?.nonce ?? 0n;
  const raw = encodeTransaction({ chain: chain.ledger.chain, signer: key.id, nonce, action: { kind: 'pause', ...pause } });
  const hash = transactionHash(raw);
  chain.put({ id: toHex(hash), body: raw, signature: sign(key.secretKey, hash) });
  chain.block(50, (of) => [...of].reverse());
}
