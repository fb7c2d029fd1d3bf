import { merkleProof, merkleRoot, verifyProof } from '@bursar/merkle';
import {
  bodyHash,
  decodeTransaction,
  disbursementBody,
  disbursementId,
  encode,
  importDigest,
  importLeaf,
  limits,
  treasuryAccount,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildImport, type ImportRequest, importError } from '../src/build-import.ts';
import { findCycle } from '../src/dependency-graph.ts';
import { inclusionRoot } from '../src/inclusion-root.ts';
import type { PaymentOrder } from '../src/payment-order.ts';
import { chain, payee, proposer, treasury } from './support/proven-payment.ts';

const order = (clientKey: string, change: Partial<PaymentOrder> = {}): PaymentOrder => ({
  clientKey,
  destination: payee,
  amount: 100n,
  ...change,
});
const request = (payments: readonly PaymentOrder[], change: Partial<ImportRequest> = {}): ImportRequest => ({
  chain,
  treasury,
  proposer: proposer.publicKey,
  firstNonce: 7n,
  payments,
  ...change,
});
const built = (r: ImportRequest) => {
  const b = buildImport(r);
  if (!b.ok) throw new Error(JSON.stringify(b.violations));
  return b;
};

describe('an import that is right', () => {
  it('becomes chunks with rising nonces and a seal, all under one digest', () => {
    const b = built(request([order('a'), order('b', { dependsOn: ['a', 'a'] }), order('c', { amount: 5n })]));
    expect(b.total).toBe(205n);
    expect(b.disbursements).toEqual(['a', 'b', 'c'].map((k) => disbursementId(treasury, k)));
    const [chunk, seal] = b.transactions.map((t) => decodeTransaction(t.body));
    expect([chunk?.nonce, seal?.nonce]).toEqual([7n, 8n]);
    expect(chunk?.action).toMatchObject({ kind: 'importChunk', import: b.import, index: 0 });
    expect(seal?.action).toEqual({ kind: 'importSeal', treasury, import: b.import, chunks: 1, count: 3 });
    expect(b.bodies[1]?.dependsOn).toEqual([disbursementId(treasury, 'a')]);
    const root = merkleRoot(b.bodies.map((x, i) => importLeaf(b.disbursements[i] as string, bodyHash(x))));
    expect(b.import).toBe(importDigest(treasury, root));
  });
  it('may pay the account of a treasury that it is told of, which no key owns', () => {
    const account = treasuryAccount(treasury);
    const payments = [order('a', { destination: account })];
    expect(buildImport(request(payments))).toMatchObject({ ok: false, violations: [{ field: 'payments[0].destination' }] });
    expect(buildImport(request(payments, { treasuryAccounts: [account] }))).toMatchObject({ ok: true });
  });
  it('may name a payment of an earlier import', () => {
    const earlier = disbursementId(treasury, 'earlier');
    expect(buildImport(request([order('a', { dependsOn: ['earlier'] })], { isKnown: (id) => id === earlier }))).toMatchObject({ ok: true });
  });
  it('keeps every chunk within 256 KiB and 1,000 items, loses nothing and keeps the order', () => {
    const many = Array.from({ length: 2_500 }, (_, i) => order(`k${i}`, { memo: 'm'.repeat(i % 700) }));
    const b = built(request(many));
    const chunks = b.transactions.slice(0, -1).map((t) => decodeTransaction(t.body).action);
    for (const t of b.transactions) expect(t.body.length).toBeLessThanOrEqual(limits.transaction);
    const items = chunks.flatMap((a) => (a.kind === 'importChunk' ? a.items : []));
    expect(items.map((i) => i.clientKey)).toEqual(many.map((m) => m.clientKey));
    for (const a of chunks) expect(a.kind === 'importChunk' && a.items.length).toBeLessThanOrEqual(limits.itemsPerChunk);
  });
  it('fills a chunk to the last byte that is allowed', () => {
    const b = built(request(Array.from({ length: 400 }, (_, i) => order(`k${String(i).padStart(3, '0')}`, { memo: 'm'.repeat(1_000) }))));
    const [first] = b.transactions;
    const item = encode(disbursementBody, b.bodies[0] as never).length;
    expect((first?.body.length ?? 0) + item).toBeGreaterThan(limits.transaction);
  });
});

const long = 'é'.repeat(4_097);
const bad: [sentence: string, payments: PaymentOrder[], field: string, rejection: string, says: RegExp][] = [
  ['no payment', [], 'payments', 'FieldInvalid', /empty/],
  ['an amount of zero', [order('a', { amount: 0n })], 'payments[0].amount', 'AmountInvalid', /1 to 2\^64/],
  ['an amount above 64 bits', [order('a', { amount: 2n ** 64n })], 'payments[0].amount', 'AmountInvalid', /1 to 2\^64/],
  ['a sum above 64 bits', [order('a', { amount: 2n ** 63n }), order('b', { amount: 2n ** 63n })], 'payments', 'AmountInvalid', /sum up/],
  ['an empty key', [order('')], 'payments[0].client_key', 'FieldInvalid', /empty/],
  ['a key of 129 bytes', [order('k'.repeat(129))], 'payments[0].client_key', 'FieldInvalid', /129 bytes/],
  ['half a character', [order('\ud800')], 'payments[0].client_key', 'FieldInvalid', /half a character/],
  ['a key with a character that nobody sees', [order('a\u00ad')], 'payments[0].client_key', 'FieldInvalid', /U\+00AD/],
  ['a key that ends with a space', [order('a ')], 'payments[0].client_key', 'FieldInvalid', /space/],
  ['a key in another normal form', [order('e\u0301')], 'payments[0].client_key', 'FieldInvalid', /NFC/],
  ['a memo of 8,194 bytes', [order('a', { memo: long })], 'payments[0].memo', 'FieldInvalid', /8194 bytes/],
  ['a destination that is no key', [order('a', { destination: '00'.repeat(32) })], 'payments[0].destination', 'FieldInvalid', /no account/],
  ['an unknown lane', [order('a', { lane: 'fast' as never })], 'payments[0].lane', 'FieldInvalid', /consumer, industrial/],
  ['a time before 1970', [order('a', { notBefore: -1 })], 'payments[0].not_before', 'FieldInvalid', /since 1970/],
  [
    'a key twice with one body',
    [order('a'), order('a')],
    'payments[1].client_key',
    'ClientKeyConflict',
    /payments\[0\] already, with the same body/,
  ],
  [
    'a key twice with two bodies',
    [order('a'), order('a', { amount: 7n })],
    'payments[1].client_key',
    'ClientKeyConflict',
    /with another amount/,
  ],
  ['a missing dependency', [order('a', { dependsOn: ['nobody'] })], 'payments[0].depends_on', 'DependencyMissing', /"nobody" is neither/],
  [
    '101 dependencies',
    [order('a', { dependsOn: Array.from({ length: 101 }, (_, i) => `d${i}`) })],
    'payments[0].depends_on',
    'FieldInvalid',
    /101 payments/,
  ],
  ['a payment that depends on itself', [order('a', { dependsOn: ['a'] })], 'payments[0].depends_on', 'DependencyCycle', /"a" → "a"/],
  [
    'a cycle of three',
    [order('x'), order('a', { dependsOn: ['c'] }), order('b', { dependsOn: ['a'] }), order('c', { dependsOn: ['b'] })],
    'payments[1].depends_on',
    'DependencyCycle',
    /"a" → "c" → "b" → "a"/,
  ],
];

describe('an import that is wrong', () => {
  it.each(bad)('%s is named', (_, payments, field, rejection, says) => {
    const b = buildImport(request(payments));
    if (b.ok) throw new Error('it was built');
    const found = b.violations.find((v) => v.field === field && v.rejection === rejection);
    expect(found?.description).toMatch(says);
  });
  it('is refused with all violations at once, and one error lists them', () => {
    const b = buildImport(request([order('a', { amount: 0n }), order('b', { dependsOn: ['zz'] }), order('b', { memo: long })]));
    if (b.ok) throw new Error('it was built');
    expect(b.violations.map((v) => v.field)).toEqual([
      'payments[0].amount',
      'payments[2].memo',
      'payments[2].client_key',
      'payments[1].depends_on',
    ]);
    expect(importError(b).violations).toHaveLength(4);
  });
});

describe('findCycle', () => {
  it('is not troubled by a chain of 100,000', () => {
    const edges = Array.from({ length: 100_000 }, (_, i) => (i === 0 ? [] : [i - 1]));
    expect(findCycle(edges)).toBeUndefined();
    edges[0] = [99_999];
    expect(findCycle(edges)).toHaveLength(100_000);
  });
  it('property: finds a cycle exactly when there is one, and each of its members waits for the next', () => {
    const graph = fc
      .integer({ min: 1, max: 12 })
      .chain((n) => fc.array(fc.uniqueArray(fc.integer({ min: 0, max: n - 1 }), { maxLength: 3 }), { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(graph, (edges) => {
        const cycle = findCycle(edges);
        const reach = (from: number) => {
          const seen = new Set<number>();
          const todo = [...(edges[from] ?? [])];
          for (let at = todo.pop(); at !== undefined; at = todo.pop())
            if (!seen.has(at)) todo.push(...(edges[at] ?? []), ...(seen.add(at) && []));
          return seen;
        };
        expect(cycle !== undefined).toBe(edges.some((_, i) => reach(i).has(i)));
        for (const [k, at] of (cycle ?? []).entries()) expect(edges[at]).toContain((cycle ?? [])[(k + 1) % (cycle ?? []).length]);
      }),
    );
  });
});

describe('inclusionRoot', () => {
  it('property: leads to the root that the tree has, and agrees with the verifier of merkle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, pick) => {
        const leaves = Array.from({ length: count }, (_, i) => Buffer.alloc(32, i + 1));
        const index = pick % count;
        const path = merkleProof(leaves, index);
        const leaf = leaves[index] as Uint8Array;
        const root = inclusionRoot(leaf, { index, count, path });
        expect(root).toEqual(merkleRoot(leaves));
        expect(verifyProof({ root: root as Uint8Array, leaf, index, leafCount: count, path })).toBe(true);
      }),
    );
  });
});
