import { type DisbursementBody, type Genesis, MAX_AMOUNT } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { approve, body, deps, did, digestOf, genesis, idOf, lease, TREASURY, type Unsigned, World } from './support/world.ts';

/** Up to 100 one of finance; up to 1,000 two; above two of finance and one of the board. */
const banded = (): Partial<Genesis> => ({
  treasuries: genesis().treasuries.map((t) => ({
    ...t,
    proposers: [idOf('client'), idOf('fin1')],
    approval: {
      roles: [
        { name: 'finance', keys: ['fin1', 'fin2', 'fin3'].map(idOf) },
        { name: 'board', keys: ['bea', 'bo'].map(idOf) },
      ],
      bands: [
        { upTo: 100n, needs: [1, 0] },
        { upTo: 1_000n, needs: [2, 0] },
        { upTo: MAX_AMOUNT, needs: [2, 1] },
      ],
    },
  })),
});
const items = [body('small', { amount: 100n }), body('medium', { amount: 101n }), body('large', { amount: 1_001n })];
const digest = digestOf(items);
const keys = ['small', 'medium', 'large'];

function imported(of: readonly DisbursementBody[] = items, by = 'client'): World {
  const w = new World(banded());
  w.run(w.importTxs(of, by));
  return w;
}

describe('approval by role and amount', () => {
  it.each<[sentence: string, by: string[], states: string[], state: string]>([
    ['nobody', [], ['voting', 'voting', 'voting'], 'sealed'],
    ['one of finance: the small one', ['fin1'], ['queued', 'voting', 'voting'], 'sealed'],
    ['two of finance: the medium one as well', ['fin1', 'fin3'], ['queued', 'queued', 'voting'], 'sealed'],
    ['the whole board alone: none', ['bea', 'bo'], ['voting', 'voting', 'voting'], 'sealed'],
    ['the board first, then finance: all', ['bo', 'fin2', 'fin1'], ['queued', 'queued', 'queued'], 'approved'],
    ['more than are needed: all', ['fin1', 'fin2', 'fin3', 'bea', 'bo'], ['queued', 'queued', 'queued'], 'approved'],
  ])('%s', (_, by, states, state) => {
    const w = imported();
    const inOneBlock = imported();
    for (const name of by) expect(w.run([approve(name, digest)])).toEqual(['done']);
    inOneBlock.run(by.map((name) => approve(name, digest)));
    for (const world of [w, inOneBlock]) {
      expect(keys.map((k) => world.state(k))).toEqual(states);
      expect(world.ledger.findImport(digest)?.state).toBe(state);
    }
  });
  it('an import of small payments alone is approved by one', () => {
    const few = [body('one', { amount: 1n }), body('two', { amount: 100n })];
    const w = imported(few);
    w.run([approve('fin2', digestOf(few))]);
    expect(w.ledger.findImport(digestOf(few))).toMatchObject({
      state: 'approved',
      needs: [{ upTo: 100n, role: 'finance', needed: 1, given: 1 }],
    });
  });
  it('shows what is missing for the amounts that are there', () => {
    const w = imported();
    w.run([approve('fin1', digest)]);
    expect(w.ledger.findImport(digest)?.needs).toEqual([
      { upTo: 100n, role: 'finance', needed: 1, given: 1 },
      { upTo: 1_000n, role: 'finance', needed: 2, given: 1 },
      { upTo: MAX_AMOUNT, role: 'finance', needed: 2, given: 1 },
      { upTo: MAX_AMOUNT, role: 'board', needed: 1, given: 0 },
    ]);
  });
  it('who proposed an import may not approve it, whatever his roles are, nor after another took part in proposing it', () => {
    const w = imported(items, 'fin1');
    expect(w.run([approve('fin1', digest), approve('fin2', digest)])).toEqual(['OwnProposal', 'done']);
    expect(keys.map((k) => w.state(k))).toEqual(['queued', 'voting', 'voting']);
  });
  it('an executor cannot pay what lacks approvals for its amount, and pays it once they are there', () => {
    const w = imported();
    w.run([lease('exec', 'acquire')]);
    w.run([approve('fin1', digest)]);
    expect(w.pay('small', 'medium')).toEqual(['done', 'NotApproved']);
    w.run([approve('fin2', digest)]);
    expect(w.pay('medium', 'large')).toEqual(['done', 'NotApproved']);
    expect(w.readyKeys()).toEqual([]);
    w.run([approve('bea', digest)]);
    expect([w.readyKeys(), w.pay('large')]).toEqual([['large'], ['done']]);
  });
  it('a dependent waits for what it depends on, also when that lacks approvals for longer', () => {
    const pair = [body('first', { amount: 5_000n }), body('then', { amount: 1n, dependsOn: deps('first') })];
    const w = imported(pair);
    w.run([lease('exec', 'acquire'), approve('fin1', digestOf(pair))]);
    expect([w.state('first'), w.state('then'), w.readyKeys()]).toEqual(['voting', 'queued', []]);
    w.run([approve('fin2', digestOf(pair)), approve('bo', digestOf(pair))]);
    expect([w.readyKeys(), w.pay('first', 'then')]).toEqual([['first'], ['done', 'done']]);
  });
  it('a payment that an earlier import brought is approved under either', () => {
    const w = imported();
    const again = [body('small', { amount: 100n }), body('more', { amount: 7n })];
    w.run([...w.importTxs(again), approve('fin1', digestOf(again))]);
    expect([w.state('small'), w.state('more'), w.state('medium')]).toEqual(['queued', 'queued', 'voting']);
    expect(w.ledger.disbursement(did('small'))?.import).toBe(digestOf(again));
    w.run([approve('fin1', digest), approve('fin2', digest)]);
    expect([w.state('small'), w.state('medium')]).toEqual(['queued', 'queued']);
    expect(w.ledger.treasury(TREASURY)?.counts).toMatchObject({ queued: 3, voting: 1 });
  });
  it('more than 64 approvers may sign one import', () => {
    const names = Array.from({ length: 70 }, (_, i) => `approver${i}`);
    const roles = [names.slice(0, 35), names.slice(35)].map((of, i) => ({ name: `role${i}`, keys: of.map(idOf) }));
    const approval = { roles, bands: [{ upTo: MAX_AMOUNT, needs: [35, 35] }] };
    const w = new World({ treasuries: genesis().treasuries.map((t) => ({ ...t, approval })) });
    w.run(w.importTxs(items));
    w.run(names.map((name) => approve(name, digest)));
    expect(keys.map((k) => w.state(k))).toEqual(['queued', 'queued', 'queued']);
  });
  it('more approvals while many items of a smaller band are being queued: none is left out', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => body(`p${i}`, { amount: i % 2 === 0 ? 1n : 500n }));
    const w = imported(many);
    const d = digestOf(many);
    w.run([approve('fin1', d)]);
    const half: Unsigned[] = [approve('fin2', d)];
    w.run(half);
    for (let i = 0; i < 20; i++) w.block();
    expect(w.ledger.findImport(d)?.counts).toMatchObject({ voting: 0, queued: 30_000 });
  });
});
