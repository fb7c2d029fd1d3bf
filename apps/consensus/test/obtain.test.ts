import { create, toBinary } from '@bufbuild/protobuf';
import { sign } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { type Block, batchHash, encode, type Header, headerDigest, signedTransaction } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import { BodyStore } from '../src/core/body-store.ts';
import { packPiece, unpackRequest } from '../src/core/fetch-pieces.ts';
import { Fetcher } from '../src/core/fetcher.ts';
import { Journal } from '../src/core/journal.ts';
import { Mempool } from '../src/core/mempool.ts';
import { Obtainer } from '../src/core/obtain.ts';
import { type OwnBatch, OwnBatches } from '../src/core/own-batches.ts';
import { verifyBatch } from '../src/core/verify-job.ts';
import { testGenesis, transfer } from './support/genesis.ts';

const { genesis, chain, keys } = testGenesis(4);
const set = genesisSet(genesis);
const ORIGIN = 1;

function makeBatch(broken = false): OwnBatch {
  const mempool = new Mempool({ maxCount: 10, maxBytes: 1e6 });
  const { body, signature, id } = transfer(chain, 0n);
  mempool.add({
    id,
    transaction: encode(signedTransaction, { body, signature: broken ? new Uint8Array(64) : signature }),
    traceparent: '',
    tracestate: '',
  });
  return new OwnBatches(1, mempool, { chain, origin: ORIGIN, ageMs: 0, fullBytes: 1e5, maxOutstanding: 9 }).make(0, 0);
}
const signatureOf = (b: OwnBatch): Uint8Array => sign(keys[ORIGIN]?.secretKey ?? new Uint8Array(64), batchHash(chain, b.ref));
const packed = (b: OwnBatch, signature = signatureOf(b)): Uint8Array =>
  toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch: b.encoded, signature }));
const blockOf = (b: OwnBatch, change = {}): Block => ({
  header: { ...header, height: 1 },
  batches: [{ ...b.ref, ...change }],
});
const zero = '0'.repeat(64);
const header: Header = {
  version: 1,
  chain,
  epoch: 0,
  height: 1,
  view: 0,
  proposer: 1,
  time: 1,
  parent: chain,
  certificate: zero,
  stateRoot: zero,
  resultsRoot: zero,
  beacon: zero,
  proofVersion: 0,
  proof: new Uint8Array(),
  skipped: new Uint8Array(1),
  nextValidators: set.hash,
  batches: zero,
};

/** `answers[peer]`: what that validator has of the batch. */
function setUp(answers: readonly (Uint8Array | undefined)[]) {
  const asked: number[] = [];
  const appended: Uint8Array[] = [];
  const refused: string[] = [];
  const file = { append: (b: Uint8Array) => appended.push(b), sync: async () => {}, rotate: () => 1, dropBefore: async () => {}, bytes: 0 };
  const store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 1e6, pinnedBlocks: 4 });
  const fetcher = new Fetcher({
    self: 0,
    validators: 4,
    timeoutMs: 100,
    atOnce: 4,
    waiting: 100,
    ask: async (peer, request) => {
      asked.push(peer);
      const wanted = unpackRequest(request);
      return packPiece(wanted?.want.kind === 'batch' ? answers[peer] : undefined, wanted?.offset ?? 0);
    },
  });
  const obtainer = new Obtainer({
    set,
    store,
    fetcher,
    verify: {
      batch: async (encoded, origin) => verifyBatch(chain, encoded, origin),
      transaction: async () => ({ ok: false, id: undefined, name: 'MalformedMessage', why: '' }),
      transactions: async () => [],
    },
    journal: new Journal(file, { compactBytes: 1e9, onFailure: () => {} }),
    unpackFinal: () => undefined,
    graceMs: 1,
    onRefused: (_, name) => refused.push(name),
  });
  return { obtainer, store, asked, appended, refused };
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
