import { ed25519 } from '@bursar/crypto';
import { merkleProof, merkleRoot } from '@bursar/merkle';
import {
  type Action,
  ByteList,
  encode,
  encodeTransaction,
  evidenceOf,
  hash,
  header,
  type Result,
  result as resultCodec,
  type Statement,
  signedTransaction,
  toHex,
  ZERO_DIGEST,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { blockLog } from '../src/adapters/block-log.ts';
import { CertifiedHead, SLACK } from '../src/core/certified-head.ts';
import { Indexes } from '../src/core/indexes.ts';
import { KINDS, kindOf } from '../src/core/peek.ts';
import { RecentBlocks } from '../src/core/recent-blocks.ts';
import { ResultTrees } from '../src/core/result-trees.ts';
import type { StoredBlock } from '../src/core/stored-block.ts';
import { Wakers } from '../src/core/wakers.ts';
import { approvers, client, TestChain, testImport, testKey } from './support/chain.ts';

const statement = (digest: string): Statement => ({ phase: 'prepare', view: 0, digest, signature: new Uint8Array(64), content: undefined });

describe('trees of results', () => {
  const results = (count: number, mark = 0) => ByteList.from(Array.from({ length: count }, (_, i) => new Uint8Array([mark, i, i >> 8])));
  it('give the root and the paths of the block', () => {
    const of = results(1_001);
    const tree = new ResultTrees().of(7, of);
    const leaves = Array.from(of, (r) => hash('bursar/result', r));
    expect(toHex(tree.root())).toBe(toHex(merkleRoot(leaves)));
    for (const i of [0, 500, 1_000]) expect(tree.proof(i).map(toHex)).toEqual(merkleProof(leaves, i).map(toHex));
  });
  it('are made once, however many ask; the one that was not used longest goes when there are too many leaves, the last one stays', () => {
    const trees = new ResultTrees(100);
    const first = trees.of(1, results(40));
    const second = trees.of(2, results(40, 2));
    expect(trees.of(1, results(40))).toBe(first);
    trees.of(3, results(40, 3));
    expect(trees.of(1, results(40))).toBe(first);
    expect(trees.of(2, results(40, 2))).not.toBe(second);
    const large = trees.of(4, results(1_000, 4));
    expect(trees.of(4, results(1_000, 4))).toBe(large);
    expect(trees.of(1, results(40))).not.toBe(first);
  });
});

describe('kindOf', () => {
  const actions: Record<Action['kind'], Action> = {
    transfer: { kind: 'transfer', to: ZERO_DIGEST, amount: 1n, memo: 'm' },
    importChunk: testImport([{ key: 'a', amount: 1n }]).chunk,
    importSeal: testImport([{ key: 'a', amount: 1n }]).seal,
    approve: { kind: 'approve', treasury: ZERO_DIGEST, import: ZERO_DIGEST },
    cancel: { kind: 'cancel', treasury: ZERO_DIGEST, disbursement: ZERO_DIGEST },
    lease: { kind: 'lease', shard: 0, request: 'renew' },
    executeBatch: { kind: 'executeBatch', shard: 0, leaseEpoch: 1n, lane: 'consumer', seq: 1n, expiresAt: 1, items: [] },
    pause: { kind: 'pause', treasury: ZERO_DIGEST, number: 1 },
    resume: { kind: 'resume', treasury: ZERO_DIGEST, number: 1 },
    proposeChange: {
      kind: 'proposeChange',
      treasury: ZERO_DIGEST,
      version: 0,
      change: { kind: 'payee', name: 'p', details: undefined },
    },
    approveChange: { kind: 'approveChange', treasury: ZERO_DIGEST, change: ZERO_DIGEST },
    cancelChange: { kind: 'cancelChange', treasury: ZERO_DIGEST, change: ZERO_DIGEST },
    hold: { kind: 'hold', treasury: ZERO_DIGEST, disbursement: ZERO_DIGEST, number: 1 },
    release: { kind: 'release', treasury: ZERO_DIGEST, disbursement: ZERO_DIGEST, number: 1 },
    evidence: { kind: 'evidence', evidence: evidenceOf(0, 0, 1, statement(ZERO_DIGEST), statement('1'.repeat(64))) },
  };
  it.each(KINDS)('reads %s off the bytes', (kind) => {
    const body = encodeTransaction({ chain: ZERO_DIGEST, signer: ZERO_DIGEST, nonce: 7n, action: actions[kind] });
    expect(kindOf(encode(signedTransaction, { body, signature: new Uint8Array(64) }))).toBe(kind);
  });
  it('says nothing about bytes that are none', () => {
    expect([kindOf(new Uint8Array()), kindOf(new Uint8Array(100).fill(255))]).toEqual([undefined, undefined]);
  });
});

describe('Indexes', () => {
  const id = (n: number): string => n.toString(16).padStart(64, '0');
  const result = (n: number, consumed: boolean, code = 0): Result => ({
    kind: 'transaction',
    transaction: id(n),
    code,
    consumed,
    height: 1,
    index: 0,
    items: [],
  });
  const list = (...results: Result[]): ByteList => ByteList.from(results.map((r) => encode(resultCodec, r)));

  it('lets the result that consumed the nonce stand, and of the others the newest', () => {
    const indexes = new Indexes();
    indexes.add(1, [], list(result(1, false, 7004)));
    indexes.add(2, [], list(result(1, false, 7004)));
    expect(indexes.transaction(id(1))).toEqual({ height: 2, index: 0 });
    indexes.add(3, [], list(result(1, true)));
    indexes.add(4, [], list(result(1, false, 7003)));
    indexes.add(5, [], list(result(1, true)));
    expect(indexes.transaction(id(1))).toEqual({ height: 3, index: 0 });
  });

  it('forgets the oldest results that consumed nothing, and never one that did', () => {
    const indexes = new Indexes(2);
    indexes.add(1, [], list(result(9, true), result(1, false), result(2, false), result(3, false)));
    expect([9, 1, 2, 3].map((n) => indexes.transaction(id(n))?.index)).toEqual([0, undefined, 2, 3]);
  });

  it('keeps approvals and the trace of the seal only when the ledger applied them', () => {
    const chain = new TestChain();
    const made = testImport([{ key: 'a', amount: 1n }]);
    const indexes = new Indexes();
    const seal = (traceparent: string) => ({ transaction: chain.sign(client, made.seal).signed, traceparent });
    const approve = (n: number) => ({ transaction: chain.sign(approvers[n] ?? testKey('x'), made.approve).signed, traceparent: '' });
    indexes.add(1, [seal('refused'), seal('first'), seal('second')], list(result(1, true, 7122), result(2, true), result(3, true)));
    const [a, again, b] = [approve(0), approve(0), approve(1)];
    indexes.add(2, [a, again, b, approve(2)], list(result(4, true), result(5, true, 7125), result(6, true), result(7, true, 7007)));
    expect(indexes.traceparent(made.digest)).toBe('first');
    expect(indexes.approvals(made.digest)).toEqual([a.transaction, b.transaction]);
    expect([indexes.traceparent(id(1)), indexes.approvals(id(1))]).toEqual(['', []]);
  });
});

describe('RecentBlocks', () => {
  it('keeps the newest within its bytes', () => {
    const recent = new RecentBlocks(1_000);
    const stored = {
      block: new Uint8Array(200),
      certificate: new Uint8Array(72),
      batches: [],
      results: ByteList.from([]),
    } as unknown as StoredBlock; // 404 bytes each
    for (let h = 1; h <= 4; h++) recent.add(h, stored);
    expect([1, 2, 3, 4].map((h) => recent.get(h) !== undefined)).toEqual([false, false, true, true]);
    recent.add(5, { ...stored, block: new Uint8Array(5_000) });
    expect([3, 4, 5].map((h) => recent.get(h) !== undefined)).toEqual([false, false, false]);
  });
  it('keeps no more than the block of what came with it through the socket', () => {
    const recent = new RecentBlocks();
    const received = Buffer.alloc(1024 * 1024, 7);
    const part = (at: number) => received.subarray(at, at + 100);
    recent.add(1, {
      block: part(0),
      certificate: part(100),
      batches: [part(200)],
      results: new ByteList(part(300), new Uint32Array([100])),
    } as unknown as StoredBlock);
    const { block, certificate, batches, results } = recent.get(1) as StoredBlock;
    for (const kept of [block, certificate, ...batches, results.packed]) {
      expect(kept.buffer.byteLength).toBe(100);
      expect(Buffer.compare(kept, part(0))).toBe(0);
    }
  });
});

describe('Wakers', () => {
  it('ends a wait by a wake or by an abort, and refuses more than it holds', async () => {
    const wakers = new Wakers(2);
    const stop = new AbortController();
    const both = Promise.all([wakers.wait(stop.signal), wakers.wait(new AbortController().signal)]);
    expect(() => wakers.wait(stop.signal)).toThrow(/wait for the next block/);
    stop.abort();
    wakers.wake();
    await both;
    await wakers.wait(stop.signal);
  });
});

describe('CertifiedHead', () => {
  it('believes certificates only, and calls a node behind when it clearly is', () => {
    const chain = new TestChain();
    const head = new CertifiedHead(chain.chain, chain.set, ed25519);
    const made = Array.from({ length: SLACK + 2 }, () => chain.next()).at(-1);
    if (!made) throw new Error('no block');
    const raw = encode(header, made.header);
    const own = made.height - SLACK - 1;
    expect(head.hear(made.height, made.height - SLACK, raw, made.raw.certificate)).toBe(false); // not behind: not worth a look
    expect(head.hear(made.height, own, raw, new Uint8Array(9))).toBe(false);
    expect(head.hear(made.height + 1, own, raw, made.raw.certificate)).toBe(false);
    expect(head.hear(made.height, own, raw, made.raw.certificate)).toBe(true);
    expect(head.hear(made.height, own, raw, made.raw.certificate)).toBe(false);
    expect([1, 2].map((own) => head.isBehind(own))).toEqual([true, false]);
  });
});

it('the block log has few files open, however many read at once', async () => {
  let open = 0;
  let most = 0;
  const reading = async <T>(found: T): Promise<T> => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setImmediate(resolve));
    open--;
    return found;
  };
  const file = { read: () => reading(new Uint8Array([1])), readMany: () => reading([]) };
  const log = blockLog(file as never);
  const all = await Promise.all(Array.from({ length: 1_000 }, (_, i) => (i % 2 ? log.read({}) : log.readMany({}, 1))));
  expect(all).toHaveLength(1_000);
  expect(most).toBeLessThanOrEqual(16);
});
