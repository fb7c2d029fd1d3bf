import { merkleRoot, verifyProof } from '@bursar/merkle';
import { bodyHash, type DisbursementBody, disbursementBody, encode, importDigest, importLeaf, limits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { importChunk } from '../src/actions/import-chunk.ts';
import { importSeal } from '../src/actions/import-seal.ts';
import { genesisState } from '../src/genesis-state.ts';
import { bounds } from '../src/index.ts';
import { expireStagings } from '../src/stagings.ts';
import {
  approve,
  body,
  cancel,
  deps,
  did,
  digestOf,
  genesis,
  idOf,
  OTHER,
  payee,
  TREASURY,
  type Unsigned,
  World,
} from './support/world.ts';

const seal = (by: string, digest: string, chunks: number, count: number, treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'importSeal', treasury, import: digest, chunks, count },
});
const chunk = (by: string, digest: string, index: number, items: DisbursementBody[], treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'importChunk', treasury, import: digest, index, items },
});

describe('import chunks', () => {
  const items = [body('a')];
  const digest = digestOf(items);
  const rows: [string, Unsigned[], string[]][] = [
    ['are taken from a proposer', [chunk('client', digest, 0, items)], ['done']],
    ['are harmless twice', [chunk('client', digest, 0, items), chunk('client', digest, 0, items)], ['done', 'done']],
    ['may not change', [chunk('client', digest, 0, items), chunk('client', digest, 0, [body('b')])], ['done', 'ImportMismatch']],
    ['from others are refused', [chunk('ann', digest, 0, items)], ['NotAuthorised']],
    ['of no treasury', [chunk('client', digest, 0, items, payee(5))], ['UnknownTreasury']],
    ['without items', [chunk('client', digest, 0, [])], ['FieldInvalid']],
    ['beyond any count', [chunk('client', digest, limits.itemsPerImport, items)], ['FieldInvalid']],
    ['with an amount of nothing', [chunk('client', digest, 0, [body('a', { amount: 0n })])], ['AmountInvalid']],
    ['with an item of another treasury', [chunk('client', digest, 0, [body('a', { treasury: OTHER })])], ['FieldInvalid']],
    ['without a client key', [chunk('client', digest, 0, [body('')])], ['FieldInvalid']],
    [
      'with dependencies out of order',
      [chunk('client', digest, 0, [body('a', { dependsOn: deps('x', 'y').reverse() })])],
      ['FieldInvalid'],
    ],
    ['with an item that needs itself', [chunk('client', digest, 0, [body('a', { dependsOn: deps('a') })])], ['DependencyCycle']],
    [
      'under a digest that another treasury claims do not mix',
      [
        chunk('client', digest, 0, items),
        chunk('client', digest, 0, [body('a', { treasury: OTHER })], OTHER),
        seal('client', digest, 1, 1, OTHER),
        seal('client', digest, 1, 1),
      ],
      ['done', 'done', 'ImportMismatch', 'done'],
    ],
  ];
  it.each(rows)('%s', (_, txs, expected) => {
    expect(new World().run(txs)).toEqual(expected);
  });

  it('may be open 16 times a proposer; sealing one makes room', () => {
    const w = new World();
    const lists = Array.from({ length: bounds.openImportsPerProposer + 1 }, (_, i) => [body(`k${i}`)]);
    const opened = w.run(lists.map((list) => chunk('client', digestOf(list), 0, list)));
    expect(opened.at(-1)).toBe('ImportTooLarge');
    expect(opened.slice(0, -1).every((v) => v === 'done')).toBe(true);
    const last = lists.at(-1) as DisbursementBody[];
    const first = lists[0] as DisbursementBody[];
    expect(
      w.run([chunk('clerk', digestOf(last), 0, last), seal('client', digestOf(first), 1, 1), chunk('client', digestOf(last), 0, last)]),
    ).toEqual(['done', 'done', 'done']);
  });

  it('are forgotten an hour of ledger time after the first one', () => {
    const w = new World();
    w.run([chunk('client', digest, 0, items)]);
    expect(w.ledger.findImport(digest)).toMatchObject({ state: 'open', chunks: 1, items: 1 });
    w.block([], bounds.openImportMs);
    expect(w.ledger.findImport(digest)).toMatchObject({ state: 'refused', refusal: { reason: 'ImportIncomplete' } });
    expect(w.run([seal('client', digest, 1, 1), chunk('client', digest, 0, items), seal('client', digest, 1, 1)])).toEqual([
      'ImportUnknown',
      'done',
      'done',
    ]);
  });

  it('of one proposer cannot spoil those of another', () => {
    const w = new World();
    expect(
      w.run([
        chunk('clerk', digest, 0, [body('evil')]),
        chunk('client', digest, 0, items),
        seal('clerk', digest, 1, 1),
        seal('client', digest, 1, 1),
      ]),
    ).toEqual(['done', 'done', 'ImportMismatch', 'done']);
    expect(w.ledger.findImport(digest)).toMatchObject({ state: 'sealed', proposer: idOf('client'), items: 1, total: 100n });
  });
});

describe('memory of open imports', () => {
  it('is counted and given back by a seal, a refusal and the end of their hour', () => {
    const s = genesisState(genesis());
    const items = [body('a')];
    const packed = items.map((i) => encode(disbursementBody, i));
    const add = (digest: string) =>
      importChunk(s, idOf('client'), { kind: 'importChunk', treasury: TREASURY, import: digest, index: 0, items: packed });
    const close = (digest: string) =>
      importSeal(s, idOf('client'), { kind: 'importSeal', treasury: TREASURY, import: digest, chunks: 1, count: 1 });
    for (const digest of [digestOf(items), payee(1), payee(2)]) expect(add(digest)).toBeUndefined();
    const each = s.stagedBytes / 3;
    expect(each).toBeGreaterThan(500);
    expect([close(digestOf(items)), s.stagedBytes]).toEqual([undefined, 2 * each]);
    expect([close(payee(1)), s.stagedBytes]).toEqual(['ImportMismatch', each]);
    s.time += bounds.openImportMs;
    expireStagings(s);
    expect([s.stagedBytes, s.stagings.size]).toEqual([0, 0]);
  });
});

describe('seal', () => {
  const two = [body('a'), body('b')];
  const digest = digestOf(two);
  const whole = [chunk('client', digest, 0, [body('a')]), chunk('client', digest, 1, [body('b')])];
  const refusals: [string, DisbursementBody[], string, object][] = [
    ['a missing dependency', [body('n', { dependsOn: deps('ghost') })], 'DependencyMissing', { index: 0 }],
    [
      'a cycle',
      [body('n'), body('x', { dependsOn: deps('y') }), body('y', { dependsOn: deps('x') }), body('z', { dependsOn: deps('y') })],
      'DependencyCycle',
      {},
    ],
    [
      'a key used with another body',
      [body('n'), body('known', { amount: 7n, memo: 'more' })],
      'ClientKeyConflict',
      { index: 1, fields: ['amount', 'memo'] },
    ],
    ['a key of a cancelled payment', [body('gone')], 'ClientKeyCancelled', { index: 0 }],
    ['two bodies under one key', [body('n'), body('n', { amount: 1n })], 'ClientKeyConflict', { index: 1, fields: ['amount'] }],
    ['a sum beyond 64 bits', [body('n', { amount: 2n ** 63n }), body('m', { amount: 2n ** 63n })], 'AmountInvalid', {}],
  ];
  it.each(refusals)('%s refuses the whole import and frees it', (_, items, reason, where) => {
    const w = new World();
    w.approved([body('known'), body('gone')]);
    w.run([cancel('ann', 'gone')]);
    const found = digestOf(items);
    expect(w.run(w.importTxs(items)).at(-1)).toBe(reason);
    expect(w.ledger.findImport(found)).toMatchObject({ state: 'refused', refusal: { reason, ...where } });
    expect(w.ledger.disbursement(did('n'))).toBeUndefined();
    expect(w.run([seal('client', found, 1, items.length)])).toEqual(['ImportUnknown']);
    expect(w.run([approve('ann', found)])).toEqual(['ImportUnknown']);
  });

  const rows: [string, Unsigned[], string][] = [
    ['takes chunks in any order', [...whole].reverse().concat(seal('client', digest, 2, 2)), 'done'],
    ['waits for missing chunks', [whole[1] as Unsigned, seal('client', digest, 2, 2)], 'ImportIncomplete'],
    [
      'goes on after missing chunks came',
      [whole[1] as Unsigned, seal('client', digest, 2, 2), whole[0] as Unsigned, seal('client', digest, 2, 2)],
      'done',
    ],
    ['refuses a wrong count', [...whole, seal('client', digest, 2, 3)], 'ImportMismatch'],
    ['refuses chunks beyond those declared', [...whole, seal('client', digest, 1, 2)], 'ImportMismatch'],
    ['refuses another digest', [chunk('client', payee(3), 0, two), seal('client', payee(3), 1, 2)], 'ImportMismatch'],
    ['refuses nothing', [...whole, seal('client', digest, 0, 0)], 'FieldInvalid'],
    ['refuses too many', [...whole, seal('client', digest, 2, limits.itemsPerImport + 1)], 'ImportTooLarge'],
    ['of an unknown import', [seal('client', digest, 2, 2)], 'ImportUnknown'],
    ["of another's chunks", [...whole, seal('clerk', digest, 2, 2)], 'ImportUnknown'],
    ['by somebody else', [...whole, seal('ann', digest, 2, 2)], 'NotAuthorised'],
    ['of no treasury', [...whole, seal('client', digest, 2, 2, payee(1))], 'UnknownTreasury'],
    ['twice', [...whole, seal('client', digest, 2, 2), seal('client', digest, 2, 2)], 'ImportSealed'],
    ['then more chunks', [...whole, seal('client', digest, 2, 2), whole[0] as Unsigned], 'ImportSealed'],
  ];
  it.each(rows)('%s', (_, txs, expected) => {
    expect(new World().run(txs).at(-1)).toBe(expected);
  });

  it('is invisible before and whole afterwards, and its proofs verify', () => {
    const w = new World();
    w.run(whole);
    expect(w.ledger.disbursement(did('a'))).toBeUndefined();
    expect(() => w.ledger.importProof(digest, 0)).toThrow(RangeError);
    w.run([seal('client', digest, 2, 2)]);
    const view = w.ledger.findImport(digest);
    expect(view).toMatchObject({
      state: 'sealed',
      items: 2,
      replayed: 0,
      total: 200n,
      approvals: [],
      needs: [{ role: 'approver', needed: 2, given: 0 }],
      counts: { voting: 2 },
    });
    expect([view?.itemAt(0), view?.itemAt(1), view?.itemAt(2)]).toEqual([did('a'), did('b'), undefined]);
    const root = merkleRoot(two.map((b) => importLeaf(did(b.clientKey), bodyHash(b))));
    expect(importDigest(TREASURY, root)).toBe(digest);
    for (const index of [0, 1]) {
      const { id, bodyHash: hashed, count, path } = w.ledger.importProof(digest, index);
      expect(w.ledger.disbursement(id)).toMatchObject({ import: digest, index, bodyHash: hashed, body: two[index] });
      expect(verifyProof({ root, leaf: importLeaf(id, hashed), index, leafCount: count, path })).toBe(true);
    }
    expect(() => w.ledger.importProof(digest, 2)).toThrow(RangeError);
  });

  it('counts what earlier imports brought with the same body, and skips it', () => {
    const w = new World();
    w.approved([body('a'), body('b')]);
    const again = [body('b'), body('c', { dependsOn: deps('a') }), body('c', { dependsOn: deps('a') })];
    expect(w.run(w.importTxs(again)).at(-1)).toBe('done');
    expect(w.ledger.findImport(digestOf(again))).toMatchObject({ items: 3, replayed: 2, counts: { voting: 1, queued: 0 } });
  });

  it('an approved import takes over what an unapproved one brought with the same body', () => {
    const w = new World();
    const first = [body('a'), body('b')];
    w.run(w.importTxs(first));
    const second = [body('c'), body('b')];
    const digest2 = w.approved(second);
    expect([w.state('a'), w.state('b'), w.state('c')]).toEqual(['voting', 'queued', 'queued']);
    expect(w.ledger.disbursement(did('b'))).toMatchObject({ import: digest2, index: 1 });
    expect(w.ledger.findImport(digestOf(first))?.counts.voting).toBe(1);
  });
});
