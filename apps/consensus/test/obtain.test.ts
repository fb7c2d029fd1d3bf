import { create, toBinary } from '@bufbuild/protobuf';
import { sign } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { type Block, batchHash, block as blockCodec, encode, headerDigest, limits, signedTransaction } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import { BodyStore } from '../src/core/body-store.ts';
import { packPiece, unpackRequest } from '../src/core/fetch-pieces.ts';
import { Fetcher } from '../src/core/fetcher.ts';
import { packFinalBlocks } from '../src/core/final-blocks.ts';
import { InVerification } from '../src/core/in-verification.ts';
import { Journal } from '../src/core/journal.ts';
import { Mempool } from '../src/core/mempool.ts';
import { Obtainer } from '../src/core/obtain.ts';
import { type OwnBatch, OwnBatches } from '../src/core/own-batches.ts';
import { verifyBatch } from '../src/core/verify-job.ts';
import { testGenesis, transfer } from './support/genesis.ts';
import { headerOf } from './support/header.ts';

const { genesis, chain, keys } = testGenesis(4);
const set = genesisSet(genesis);
const ORIGIN = 1;

function makeBatch(broken = false, atLeastBytes = 0, number = 1): OwnBatch {
  const mempool = new Mempool({ maxCount: 10_000, maxBytes: 1e7, maxHeld: 10_000 });
  for (let nonce = 0n; mempool.size === 0 || mempool.bytes < atLeastBytes; nonce++) {
    const { body, signature, id } = transfer(chain, nonce);
    const transaction = encode(signedTransaction, { body, signature: broken ? new Uint8Array(64) : signature });
    mempool.add({ id, transaction, traceparent: '', tracestate: 's'.repeat(atLeastBytes === 0 ? 0 : 512) });
  }
  return new OwnBatches(number, mempool, {
    chain,
    origin: ORIGIN,
    ageMs: 0,
    ageBehindMs: 0,
    fullBytes: 1e7,
    fullTransactions: 1_000,
    maxOutstanding: 9,
  }).make(0, 0);
}
const signatureOf = (b: OwnBatch): Uint8Array => sign(keys[ORIGIN]?.secretKey ?? new Uint8Array(64), batchHash(chain, b.ref));
const packed = (b: OwnBatch, signature = signatureOf(b)): Uint8Array =>
  toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch: b.encoded, signature }));
const blockOf = (b: OwnBatch, change = {}): Block => ({
  header: { ...header, height: 1 },
  batches: [{ ...b.ref, ...change }],
});
const header = headerOf(chain);

/** `answers[peer]`: what that validator has of the batch; `others`: by digest, what everybody has; `finals[peer]`: its final blocks. */
function setUp(
  answers: readonly (Uint8Array | undefined)[],
  others = new Map<string, Uint8Array>(),
  finals: readonly (Uint8Array | undefined)[] = [],
) {
  const asked: number[] = [];
  const appended: Uint8Array[] = [];
  const refused: string[] = [];
  const busy = { times: 0 };
  const verified: Uint8Array[] = [];
  const file = { append: (b: Uint8Array) => appended.push(b), sync: async () => {}, rotate: () => 1, dropBefore: async () => {}, bytes: 0 };
  const store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 1e6, pinnedBlocks: 4 });
  const fetcher = new Fetcher({
    self: 0,
    validators: 4,
    timeoutMs: 100,
    patienceMs: 100,
    wholeMs: 1_000,
    avoidMs: 1_000,
    atOnce: 4,
    waiting: 100,
    now: () => 0,
    ask: async (peer, request) => {
      asked.push(peer);
      const wanted = unpackRequest(request);
      const has = wanted?.want.kind === 'batch' ? (others.get(wanted.want.digest) ?? answers[peer]) : finals[peer];
      return packPiece(has, wanted?.offset ?? 0);
    },
  });
  const inVerification = new InVerification();
  const obtainer = new Obtainer({
    inVerification,
    set,
    store,
    fetcher,
    verify: {
      batch: async (encoded, origin) => {
        verified.push(encoded);
        await new Promise((resolve) => setImmediate(resolve));
        if (busy.times-- > 0) throw new Error('the workers are busy');
        return verifyBatch(chain, encoded, origin);
      },
      transaction: async () => ({ ok: false, id: undefined, name: 'MalformedMessage', why: '' }),
      transactions: async () => [],
    },
    journal: new Journal(file, { compactBytes: 1e9, onFailure: () => {} }),
    graceMs: 1,
    onRefused: (_, name) => refused.push(name),
  });
  return { obtainer, inVerification, store, asked, appended, refused, busy, verified };
}

describe('bodies of a proposal', () => {
  it('one that is here needs nobody', async () => {
    const batch = makeBatch();
    const { obtainer, store, asked } = setUp([]);
    store.hold({ ref: batch.ref, encoded: batch.encoded, signature: signatureOf(batch), ids: new Uint8Array(), traceparents: [] });
    expect((await obtainer.proposed(blockOf(batch), [1], new AbortController().signal)).length).toBe(1);
    expect(asked).toEqual([]);
  });
  it('one that comes while it is waited for needs nobody either', async () => {
    const batch = makeBatch();
    const { obtainer, store } = setUp([]);
    const found = obtainer.proposed(blockOf(batch), [1], new AbortController().signal);
    store.hold({ ref: batch.ref, encoded: batch.encoded, signature: signatureOf(batch), ids: new Uint8Array(), traceparents: [] });
    obtainer.arrived(batch.ref.digest);
    expect((await found).length).toBe(1);
  });
  it('one that the workers are still at is waited for, and asked of nobody', async () => {
    const batch = makeBatch();
    const { obtainer, inVerification, store, asked } = setUp([packed(batch), packed(batch), packed(batch), packed(batch)]);
    const signature = signatureOf(batch);
    inVerification.begin(batch.ref.origin, batch.ref.digest, signature);
    const found = obtainer.proposed(blockOf(batch), [1], new AbortController().signal);
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      obtainer.arrived(batch.ref.digest); // as when its grace is over
    }
    store.hold({ ref: batch.ref, encoded: batch.encoded, signature, ids: new Uint8Array(), traceparents: [] });
    inVerification.end(batch.ref.origin, batch.ref.digest, signature);
    obtainer.arrived(batch.ref.digest);
    expect((await found).length).toBe(1);
    expect(asked).toEqual([]);
  });
  it('one that turned out to be no claim of its origin is asked of peers after all', async () => {
    const batch = makeBatch();
    const { obtainer, inVerification, asked } = setUp([packed(batch), packed(batch), packed(batch), packed(batch)]);
    const forged = new Uint8Array(64);
    inVerification.begin(batch.ref.origin, batch.ref.digest, forged);
    const found = obtainer.proposed(blockOf(batch), [1], new AbortController().signal);
    inVerification.end(batch.ref.origin, batch.ref.digest, forged);
    obtainer.arrived(batch.ref.digest);
    expect((await found).length).toBe(1);
    expect(asked).toEqual([1]);
  });
  it.each([
    ['other validators keep sending', (origin: number) => origin + 1],
    ['its origin keeps sending under other signatures', (origin: number) => origin],
  ])('one that %s to us is asked of peers: no claim holds up a block for ever', async (_, senderOf) => {
    const batch = makeBatch();
    const { obtainer, inVerification, asked } = setUp([packed(batch), packed(batch), packed(batch), packed(batch)]);
    inVerification.begin(senderOf(batch.ref.origin), batch.ref.digest, new Uint8Array(64)); // and there is always another
    expect((await obtainer.proposed(blockOf(batch), [1], new AbortController().signal)).length).toBe(1);
    expect(asked).toEqual([1]);
  });
  it('peers are asked in turn until one has it; it is in the log before it counts', async () => {
    const batch = makeBatch();
    const { obtainer, store, asked, appended } = setUp([undefined, new Uint8Array(5), undefined, packed(batch)]);
    const [body] = await obtainer.proposed(blockOf(batch), [2], new AbortController().signal);
    expect(asked).toEqual([2, 1, 3]);
    expect(body?.ref).toEqual(batch.ref);
    expect(appended.length).toBe(1);
    expect(store.find(batch.ref.digest)).toBeDefined();
  });
  it('another signature under it is no reason to give up: the next peer has the right one', async () => {
    const batch = makeBatch();
    const { obtainer } = setUp([undefined, packed(batch, new Uint8Array(64)), packed(batch), undefined]);
    expect((await obtainer.proposed(blockOf(batch), [1], new AbortController().signal)).length).toBe(1);
  });
  const bad: [sentence: string, batch: OwnBatch, change: object, name: string][] = [
    ['a transaction in it is not signed', makeBatch(true), {}, 'InvalidSignature'],
    ['the block says another size than it has', makeBatch(), { bytes: 1 }, 'MalformedMessage'],
    ['the block says a later expiry', makeBatch(), { expiresAt: 9e12 }, 'MalformedMessage'],
    ['the block says another number', makeBatch(), { number: 2 }, 'MalformedMessage'],
  ];
  it.each(bad)('never counts: %s', async (_, batch, change, name) => {
    const { obtainer, refused, appended } = setUp([undefined, packed(batch), packed(batch), packed(batch)]);
    const over = new AbortController();
    const found = obtainer.proposed(blockOf(batch, change), [1], over.signal);
    while (refused.length === 0) await new Promise((resolve) => setImmediate(resolve));
    over.abort(new Error('the height is over'));
    await expect(found).rejects.toThrow('the height is over');
    expect([refused, appended]).toEqual([[name], []]);
  });
  it('a block that lies about a batch does no harm to a later one that names it rightly', async () => {
    const batch = makeBatch();
    const { obtainer, refused } = setUp([undefined, packed(batch), packed(batch), packed(batch)]);
    const over = new AbortController();
    const lie = obtainer.proposed(blockOf(batch, { bytes: 1 }), [1], over.signal);
    while (refused.length === 0) await new Promise((resolve) => setImmediate(resolve));
    over.abort(new Error('the height is over'));
    await expect(lie).rejects.toThrow('the height is over');
    expect((await obtainer.proposed(blockOf(batch), [1], new AbortController().signal)).length).toBe(1);
  });
  it('one invalid body is enough: the workers are spared the others of its block', async () => {
    const batches = Array.from({ length: 40 }, (_, i) => makeBatch(true, 0, i + 1));
    const { obtainer, refused, verified } = setUp([], new Map(batches.map((b) => [b.ref.digest, packed(b)])));
    const over = new AbortController();
    const found = obtainer.proposed({ header, batches: batches.map((b) => b.ref) }, [1], over.signal);
    while (refused.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    over.abort(new Error('the height is over'));
    await expect(found).rejects.toThrow('the height is over');
    expect(verified.length).toBeLessThanOrEqual(8);
  });
  it('a batch above its bound is refused, not an error, whoever signed it', async () => {
    const batch = makeBatch(false, limits.batch + 1);
    expect(batch.encoded.length).toBeGreaterThan(limits.batch);
    const { obtainer, refused, appended } = setUp([undefined, packed(batch), packed(batch), packed(batch)]);
    const over = new AbortController();
    const found = obtainer.proposed(blockOf(batch), [1], over.signal);
    let failure: unknown;
    found.catch((error: unknown) => (failure = error));
    while (refused.length === 0 && failure === undefined) await new Promise((resolve) => setImmediate(resolve));
    over.abort(new Error('the height is over'));
    await expect(found).rejects.toThrow('the height is over');
    expect([refused, appended]).toEqual([['MalformedMessage'], []]);
  });
  it('of a final block it is waited for until the workers have time', async () => {
    const batch = makeBatch();
    const { obtainer, busy } = setUp([undefined, undefined, packed(batch), undefined]);
    busy.times = 1;
    expect((await obtainer.certified(blockOf(batch), new AbortController().signal)).length).toBe(1);
  });
  it('a peer that has executed a final block gives all its bodies at once; the workers busy, nothing is half taken', async () => {
    const batch = makeBatch();
    const block = blockOf(batch);
    const whole = (bodies: Uint8Array[]) =>
      packFinalBlocks([{ block: encode(blockCodec, block), certificate: new Uint8Array(), batches: bodies }], 1);
    const { obtainer, busy, asked, appended } = setUp([], new Map(), [undefined, whole([new Uint8Array(9)]), whole([batch.encoded])]);
    busy.times = 1;
    expect((await obtainer.certified(block, new AbortController().signal)).length).toBe(1);
    expect([appended.length, asked.filter((p) => p === 2).length]).toEqual([1, 3]); // whole, singly, whole again
  });
  it('of a final block a body without signature is good enough, and kept for it alone', async () => {
    const batch = makeBatch();
    const { obtainer, store } = setUp([undefined, undefined, packed(batch, new Uint8Array()), undefined]);
    const block = blockOf(batch);
    expect((await obtainer.certified(block, new AbortController().signal)).length).toBe(1);
    expect(store.offer(8)).toEqual([]);
    store.advance(1, block.batches, 1);
    expect([store.size, headerDigest(block.header).length]).toEqual([0, 64]);
  });
});
