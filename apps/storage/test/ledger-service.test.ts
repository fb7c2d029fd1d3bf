import { ed25519, sign } from '@bursar/crypto';
import { verifyCertificate } from '@bursar/membership';
import { merkleRoot, verifyProof } from '@bursar/merkle';
import {
  ByteList,
  bodyHash,
  certificate,
  checkEvidence,
  decode,
  disbursementBody,
  evidence as evidenceCodec,
  evidenceDigest,
  evidenceOf,
  fromHex,
  hash,
  header,
  headerDigest,
  importDigest,
  importLeaf,
  MAX_AMOUNT,
  result,
  type Statement,
  toHex,
  voteHash,
} from '@bursar/protocol';
import type { ledger as rpc } from '@bursar/protocol/rpc';
import type { Handlers } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { ledgerHandlers } from '../src/adapters/ledger-service.ts';
import { client, TestChain, type TestKey, TREASURY, testKey } from './support/chain.ts';
import { payroll, TRACEPARENT } from './support/payroll.ts';
import { openStore } from './support/store.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests read replies of all kinds
type Answer = Record<string, any>;
type Service = Handlers<(typeof rpc.Ledger)['method']>;
const context = { signal: new AbortController().signal } as Parameters<Service['getStatus']>[1];

async function served(blocks?: number) {
  const chain = new TestChain();
  const made = payroll(chain);
  const { store, log, commit } = await openStore(chain);
  for (const one of made.blocks.slice(0, blocks)) await commit(one);
  const service = ledgerHandlers(store, chain.genesis);
  // Requests as the server would hand them over: every field present.
  const ask = (method: keyof Service, request: object) =>
    (service[method] as (r: object, c: object) => never)(request, context) as Promise<Answer>;
  return { chain, store, log, ask, commit, ...made };
}
const raw = fromHex;

describe('Ledger', () => {
  it('says where storage is', async () => {
    const { ask, store } = await served();
    expect(await ask('getStatus', {})).toMatchObject({
      height: 6n,
      blockHash: raw(store.tip.hash),
      stateRoot: raw(store.tip.stateRoot),
      nextBatch: [6n, 1n, 1n, 1n],
      supply: 1_000_000n,
      payments: 4n,
      blocksWithContent: 5n,
    });
  });

  it('answers accounts, treasury, import, disbursement and lease', async () => {
    const { ask, imported } = await served();
    expect(await ask('getAccount', { account: raw(client.id) })).toMatchObject({ balance: 900_000n, nextNonce: 3n, height: 6n });
    expect(await ask('getTreasury', { treasury: new Uint8Array() })).toMatchObject({
      treasury: raw(TREASURY),
      name: 'payroll',
      bands: [{ upTo: MAX_AMOUNT, needs: [2] }],
      totalPaid: 406n,
      balance: 99_594n,
    });
    const found = await ask('getImport', { import: raw(imported.digest) });
    expect(found).toMatchObject({
      state: 'approved',
      items: 5,
      total: 510n,
      traceparent: TRACEPARENT,
      needs: [{ role: 'approver', needed: 2, given: 2 }],
    });
    expect(found['counts']).toMatchObject({ executed: 4n, queued: 1n });
    const [paid, unknown] = [imported.ids[0] as string, 'ff'.repeat(32)];
    expect(await ask('findDisbursements', { disbursements: [unknown, paid, paid].map(raw) })).toMatchObject({
      disbursements: [paid, paid].map((id) => ({ id: raw(id), state: 'executed' })),
      height: 6n,
    });
    const { disbursement } = await ask('getDisbursement', { disbursement: raw(imported.ids[0] as string) });
    expect(disbursement).toMatchObject({
      clientKey: 'salary-0',
      amount: 100n,
      lane: 'consumer',
      state: 'executed',
      executedHeight: 5n,
      traceparent: TRACEPARENT,
    });
    expect(await ask('getLease', { shard: 0 })).toMatchObject({ epoch: 1n, nextSeq: 2n, released: false, height: 6n });
  });

  it('lists what is ready with the trace of its import', async () => {
    const { ask, imported } = await served();
    const page = await ask('listReady', { shard: 0, lane: 'consumer', limit: 0, cursor: '' });
    expect(page).toMatchObject({ items: [{ id: raw(imported.ids[4] as string), traceparent: TRACEPARENT }], height: 6n });
  });

  it('lists the disbursements of an import in pages and by state', async () => {
    const { ask, imported } = await served();
    const keys: string[] = [];
    for (let pageToken = '', pages = 0; pages === 0 || pageToken !== ''; pages++) {
      const page = await ask('listDisbursements', { import: raw(imported.digest), state: '', pageSize: 2, pageToken });
      expect(page['disbursements'].length).toBeLessThanOrEqual(2);
      keys.push(...page['disbursements'].map((d: { clientKey: string }) => d.clientKey));
      pageToken = page['nextPageToken'];
    }
    expect(keys).toEqual(imported.items.map((i) => i.clientKey));
    const queued = await ask('listDisbursements', { import: raw(imported.digest), state: 'queued', pageSize: 0, pageToken: '' });
    expect(queued['disbursements'].map((d: { clientKey: string }) => d.clientKey)).toEqual(['salary-4']);
  });

  const unknown = new Uint8Array(32).fill(7);
  const missing: [string, keyof Service, object, string][] = [
    ['an account', 'getAccount', { account: unknown }, 'UNKNOWN_ACCOUNT'],
    ['a treasury', 'getTreasury', { treasury: unknown }, 'UNKNOWN_TREASURY'],
    ['a treasury id of a wrong length', 'getTreasury', { treasury: new Uint8Array(5) }, 'FIELD_INVALID'],
    ['an import', 'getImport', { import: unknown }, 'IMPORT_UNKNOWN'],
    ['the items of an import', 'listDisbursements', { import: unknown, state: '', pageSize: 0, pageToken: '' }, 'IMPORT_UNKNOWN'],
    ['a disbursement', 'getDisbursement', { disbursement: unknown }, 'UNKNOWN_DISBURSEMENT'],
    ['a transaction', 'getTransaction', { transactionId: unknown }, 'NOT_FOUND'],
    ['a block above the newest', 'getBlock', { height: 99n }, 'NOT_FOUND'],
    ['a shard', 'getLease', { shard: 3 }, 'UNKNOWN_SHARD'],
    ['a shard to watch', 'watchShard', { shard: 3 }, 'UNKNOWN_SHARD'],
    ['the ready items of a shard', 'listReady', { shard: 3, lane: 'consumer', limit: 0, cursor: '' }, 'UNKNOWN_SHARD'],
    ['the proof of a disbursement', 'getPaymentProof', { disbursement: unknown }, 'UNKNOWN_DISBURSEMENT'],
    ['the proof of a transaction', 'getTransactionProof', { transactionId: unknown }, 'NOT_FOUND'],
  ];
  it.each(missing)('refuses %s that is not there with a remedy', async (_, method, request, reason) => {
    const { ask } = await served();
    const error = await (async () => {
      const answer = ask(method, request);
      await (Symbol.asyncIterator in answer ? (answer as unknown as AsyncGenerator).next() : answer);
    })().catch((e) => e);
    expect(error).toMatchObject({ reason });
    expect(error.remedy.length).toBeGreaterThan(5);
  });

  it('refuses a page token that it never gave', async () => {
    const { ask, imported } = await served();
    await expect(ask('listDisbursements', { import: raw(imported.digest), state: '', pageSize: 0, pageToken: '-1' })).rejects.toMatchObject(
      { reason: 'FIELD_INVALID' },
    );
  });

  it('answers the same after a replay', async () => {
    const { ask, log, chain, imported } = await served();
    const again = ledgerHandlers((await openStore(chain, log.afterCrash())).store, chain.genesis);
    const request = { import: raw(imported.digest) } as never;
    expect(await again.getImport(request, context)).toEqual(await ask('getImport', request));
    const proof = { disbursement: raw(imported.ids[1] as string) } as never;
    expect(await again.getPaymentProof(proof, context)).toEqual(await ask('getPaymentProof', proof));
  });

  it('streams blocks in order, with results when asked', async () => {
    const { chain, store } = await served();
    const service = ledgerHandlers(store, chain.genesis);
    const heights: unknown[] = [];
    for await (const { block, results } of service.streamBlocks({ fromHeight: 2n, follow: false, results: true } as never, context))
      heights.push([block?.height, results?.length]);
    expect(heights).toEqual([
      [2n, 2],
      [3n, 2],
      [4n, 1],
      [5n, 5],
      [6n, 0],
    ]);
  });
});

describe('Following', () => {
  it('goes on with new blocks and ends with the call', async () => {
    const chain = new TestChain();
    const { store, commit } = await openStore(chain);
    const stop = new AbortController();
    const heights: number[] = [];
    const reader = (async () => {
      for await (const { height } of store.blocks(1, true, stop.signal)) {
        heights.push(height);
        if (height === 3) stop.abort();
      }
    })();
    for (let i = 0; i < 4; i++) await commit(chain.next());
    await reader;
    expect(heights).toEqual([1, 2, 3]);
  });
});

describe('Proofs', () => {
  it('proves a payment to whoever holds the genesis', async () => {
    const { ask, imported, approvals, chain } = await served();
    const proof = await ask('getPaymentProof', { disbursement: raw(imported.ids[2] as string) });
    const next = decode(header, proof['certified'].header);
    const proven = decode(certificate, proof['certified'].certificate);
    expect(proven.digest).toBe(headerDigest(next));
    expect(verifyCertificate(chain.set, chain.chain, proven, ed25519)).toBeUndefined();

    const { leaf, index, count, path } = proof['receipt'];
    expect(verifyProof({ root: raw(next.resultsRoot), leaf: hash('bursar/result', leaf), index, leafCount: count, path })).toBe(true);
    const receipt = decode(result, leaf);
    const body = decode(disbursementBody, proof['body']);
    expect(receipt).toMatchObject({
      kind: 'payment',
      disbursement: imported.ids[2],
      bodyHash: bodyHash(body),
      to: body.destination,
      amount: body.amount,
    });

    const place = proof['inImport'];
    const [id, of] = [toHex(place.leaf.subarray(0, 32)), toHex(place.leaf.subarray(32))];
    expect([id, of]).toEqual([imported.ids[2], bodyHash(body)]);
    const root = merkleRoot(imported.items.map((b, i) => importLeaf(imported.ids[i] as string, bodyHash(b))));
    expect(importDigest(TREASURY, root)).toBe(imported.digest);
    expect(verifyProof({ root, leaf: importLeaf(id, of), index: place.index, leafCount: place.count, path: place.path })).toBe(true);
    expect(proof['approvals'].map(toHex)).toEqual(approvals.map(toHex));
  });

  it('proves the result of a transaction', async () => {
    const { ask, payId, fundId } = await served();
    for (const id of [payId, fundId]) {
      const { result: inclusion, certified } = await ask('getTransactionProof', { transactionId: raw(id) });
      const { leaf, index, count, path } = inclusion;
      const root = raw(decode(header, certified.header).resultsRoot);
      expect(verifyProof({ root, leaf: hash('bursar/result', leaf), index, leafCount: count, path })).toBe(true);
      expect(decode(result, leaf)).toMatchObject({ kind: 'transaction', transaction: id, code: 0 });
    }
    expect(await ask('getTransaction', { transactionId: raw(payId) })).toMatchObject({
      height: 5n,
      provable: true,
      certificateKind: 'commit',
    });
  });

  it('says NotFinal until the header with the root is final, and for what is not paid', async () => {
    const { ask, imported, payId } = await served(5);
    const notFinal = { reason: 'NOT_FINAL' };
    await expect(ask('getPaymentProof', { disbursement: raw(imported.ids[0] as string) })).rejects.toMatchObject(notFinal);
    await expect(ask('getPaymentProof', { disbursement: raw(imported.ids[4] as string) })).rejects.toMatchObject(notFinal);
    await expect(ask('getTransactionProof', { transactionId: raw(payId) })).rejects.toMatchObject(notFinal);
    expect(await ask('getTransaction', { transactionId: raw(payId) })).toMatchObject({ provable: false });
  });

  it('never proves with results that do not hash to the root', async () => {
    const { ask, store, payId } = await served();
    const stored = await store.read(5);
    Object.assign(stored, { results: ByteList.from([...stored.results].reverse()) });
    await expect(ask('getTransactionProof', { transactionId: raw(payId) })).rejects.toMatchObject({ halted: 'LogCorrupt' });
  });

  it('tells a transaction that never was from one that waits', async () => {
    const { ask } = await served();
    const { id } = new TestChain().sign(testKey('nobody'), { kind: 'transfer', to: client.id, amount: 1n, memo: '' });
    await expect(ask('getTransaction', { transactionId: raw(id) })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

describe('K6 ListEvidence', () => {
  it('gives what the blocks recorded, page by page, so that anybody can check it with the genesis', async () => {
    const { chain, ask, commit } = await served();
    const keys = chain.validators.map((v) => raw(v.id));
    const said = (validator: number, height: number, digest: string): Statement => {
      const vote = { chain: chain.chain, epoch: 0, height, view: 0, phase: 'prepare', digest } as const;
      const { secretKey } = chain.validators[validator] as TestKey;
      return { phase: 'prepare', view: 0, digest, signature: sign(secretKey, voteHash(vote)), content: undefined };
    };
    const doubled = (validator: number, height: number) =>
      evidenceOf(validator, 0, height, said(validator, height, 'a'.repeat(64)), said(validator, height, 'b'.repeat(64)));
    const handedIn = [doubled(3, 2), doubled(1, 4), doubled(3, 5)].map((evidence) => chain.sign(client, { kind: 'evidence', evidence }));
    await commit(chain.next(handedIn.map(({ signed }) => ({ transaction: signed, traceparent: '', tracestate: '' }))));
    const list = (request: object) => ask('listEvidence', { pageSize: 0, pageToken: '', ...request });
    const all = await list({});
    expect(all).toMatchObject({ nextPageToken: '', height: 7n });
    expect(all['evidence'].map((e: Answer) => [e['validator'], e['height'], e['kind'], e['recordedHeight']])).toEqual([
      [3, 2n, 'double-prepare', 7n],
      [1, 4n, 'double-prepare', 7n],
      [3, 5n, 'double-prepare', 7n],
    ]);
    const context = { chain: chain.chain, epoch: 0, publicKey: (i: number) => keys[i], verify: ed25519.verify };
    for (const [i, e] of all['evidence'].entries()) {
      const found = decode(evidenceCodec, e['canonical']);
      expect([checkEvidence(found, context), toHex(e['digest'])]).toEqual(['double-prepare', evidenceDigest(found)]);
      expect([toHex(e['transactionId']), toHex(e['reporter'])]).toEqual([handedIn[i]?.id, client.id]);
    }
    const first = await list({ pageSize: 1, validator: 3 });
    const second = await list({ pageSize: 1, validator: 3, pageToken: first['nextPageToken'] });
    expect([first, second].map((p) => [p['evidence'].map((e: Answer) => e['height']), p['nextPageToken']])).toEqual([
      [[2n], '1'],
      [[5n], ''],
    ]);
    expect((await list({ validator: 0 }))['evidence']).toEqual([]);
    await expect(list({ pageToken: 'x' })).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });
});
