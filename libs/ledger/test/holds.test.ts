/** Holding one payment back, letting it go, and replacing its body. */

import { mOfN, type TreasuryPolicy, treasuryAccount } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import {
  approve,
  body,
  cancel,
  deps,
  did,
  digestOf,
  genesis,
  hold,
  idOf,
  lease,
  OTHER,
  payee,
  release,
  TREASURY,
  TREASURY_ACCOUNT,
  World,
} from './support/world.ts';

const ready = (...keys: string[]): World => {
  const w = new World();
  w.run([lease('exec', 'acquire')]);
  w.approved(keys.map((k) => body(k)));
  return w;
};

describe('a hold', () => {
  it.each(['client', 'ann', 'gus'])('by %s alone keeps a payment back, and approvers together let it go', (by) => {
    const w = ready('a', 'b');
    expect(w.run([hold(by, 'a', 1)])).toEqual(['done']);
    expect([w.state('a'), w.readyKeys(), w.pay('a', 'b')]).toEqual(['blocked{Held}', ['b'], ['Held', 'done']]);
    expect(w.run([release('gus', 'a', 1), release('ann', 'a', 1), release('ann', 'a', 1)])).toEqual([
      'NotAuthorised',
      'done',
      'AlreadyApproved',
    ]);
    expect(w.state('a')).toBe('blocked{Held}');
    expect(w.run([release('bob', 'a', 1)])).toEqual(['done']);
    expect([w.state('a'), w.pay('a')]).toEqual(['queued', ['done']]);
  });
  it('of what follows its dependency in one batch may end in the same block', () => {
    const w = new World();
    w.run([lease('exec', 'acquire')]);
    w.approved([body('a'), body('b', { dependsOn: [did('a')] })]);
    expect(w.run([hold('gus', 'b', 1)])).toEqual(['done']);
    expect(w.ledger.ready(0, 'consumer', 10).items.map((i) => i.id)).toEqual([did('a')]);
    w.block([w.batch(['a', 'b']), release('ann', 'b', 1), release('bob', 'b', 1)]);
    expect([w.state('a'), w.state('b'), w.readyKeys()]).toEqual(['executed', 'queued', ['b']]);
    expect(w.pay('b')).toEqual(['done']);
  });
  it('has a number, so that no old signature serves again', () => {
    const w = ready('a');
    expect(w.run([hold('exec', 'a', 1), hold('clerk', 'a', 1), hold('gus', 'a', 2), hold('gus', 'a', 1), hold('ann', 'a', 2)])).toEqual([
      'NotAuthorised',
      'NotAuthorised',
      'HoldNumberStale',
      'done',
      'Held',
    ]);
    w.run([release('ann', 'a', 1), release('bob', 'a', 1)]);
    expect(
      w.run([release('cyd', 'a', 1), hold('gus', 'a', 1), hold('gus', 'a', 2), release('ann', 'a', 1), release('ann', 'a', 2)]),
    ).toEqual(['HoldNumberStale', 'HoldNumberStale', 'done', 'HoldNumberStale', 'done']);
    expect(w.ledger.disbursement(did('a'))).toMatchObject({ holdNumber: 2, held: { releases: [expect.any(String)] } });
  });
  it('may come before the approvals: the payment goes from voting into the hold', () => {
    const w = new World();
    const digest = digestOf([body('a')]);
    w.run([lease('exec', 'acquire'), ...w.importTxs([body('a')]), hold('gus', 'a', 1)]);
    expect([w.state('a'), w.ledger.disbursement(did('a'))?.held?.by]).toEqual(['voting', expect.any(String)]);
    w.run([approve('ann', digest), approve('bob', digest)]);
    expect(w.state('a')).toBe('blocked{Held}');
  });
  it('of what is over or unknown is refused; what is held may be cancelled', () => {
    const w = ready('a', 'b');
    w.pay('a');
    expect(w.run([hold('gus', 'a', 1), hold('gus', 'zzz', 1), hold('gus', 'b', 1), cancel('ann', 'b'), release('ann', 'b', 1)])).toEqual([
      'AlreadyExecuted',
      'UnknownDisbursement',
      'done',
      'done',
      'AlreadyCancelled',
    ]);
  });
  it('gives what the balance had for it to the next', () => {
    const w = new World();
    w.run([lease('exec', 'acquire')]);
    w.approved([body('rich', { amount: 9_950n }), body('a'), body('b')]);
    expect(w.pay('rich', 'a', 'b')).toEqual(['done', 'InsufficientFunds', 'InsufficientFunds']);
    w.run([{ by: 'client', action: { kind: 'transfer', to: w.ledger.treasury(TREASURY)?.account ?? '', amount: 60n, memo: '' } }]);
    expect([w.state('a'), w.state('b')]).toEqual(['queued', 'blocked{InsufficientFunds}']);
    w.run([hold('gus', 'a', 1)]);
    expect([w.state('a'), w.state('b'), w.pay('b')]).toEqual(['blocked{Held}', 'queued', ['done']]);
  });
});

/** `b` depends on `a`; both stand in one batch, before deferred work has counted that `a` is paid. */
const chained = (changes: object = {}): World => {
  const w = new World();
  w.run([lease('exec', 'acquire')]);
  w.approved([body('a'), body('b', { dependsOn: deps('a'), ...changes })]);
  return w;
};
describe('a hold in the block that pays the dependency', () => {
  it('is let go there: the payment is ready at once', () => {
    const w = chained();
    w.run([hold('gus', 'b', 1), release('ann', 'b', 1)]);
    expect(w.run([w.batch(['a', 'b']), release('bob', 'b', 1)])).toEqual(['done', 'done']);
    expect([w.readyKeys(), w.pay('b')]).toEqual([['b'], ['done']]);
  });
  it('meets a payment that waits for funds', () => {
    const w = chained({ amount: 9_950n });
    expect(w.run([w.batch(['a', 'b']), hold('gus', 'b', 1)])).toEqual(['done', 'done']);
    expect(w.state('b')).toBe('blocked{Held}');
  });
});

describe('a release', () => {
  const ruled = (approval: ReturnType<typeof mOfN>) => new World({ treasuries: genesis().treasuries.map((t) => ({ ...t, approval })) });
  it('is not for who proposed the payment', () => {
    const w = ruled(mOfN(['ann', 'client'].map(idOf), 1));
    w.run([...w.importTxs([body('a')]), approve('ann', digestOf([body('a')])), hold('gus', 'a', 1)]);
    expect(w.run([release('client', 'a', 1), release('ann', 'a', 1)])).toEqual(['OwnProposal', 'done']);
  });
  it('signed again counts under a policy that needs less', () => {
    const w = ready('a');
    w.run([hold('gus', 'a', 1), release('ann', 'a', 1)]);
    const policy = { ...(genesis().treasuries[0] as TreasuryPolicy), approval: mOfN([idOf('ann')], 1) };
    w.change({ kind: 'policy', policy });
    expect([w.run([release('ann', 'a', 1)]), w.state('a')]).toEqual([['done'], 'queued']);
  });
  it('of the body before a revision does not count for the new one', () => {
    const w = ready('a');
    w.run([hold('gus', 'a', 1), release('ann', 'a', 1), ...w.importTxs([body('a', { destination: payee(9), revision: 1 })])]);
    expect(w.ledger.disbursement(did('a'))?.held?.releases).toEqual([]);
    expect(w.run([release('bob', 'a', 1), release('ann', 'a', 1)])).toEqual(['done', 'done']);
    expect(w.ledger.disbursement(did('a'))?.held).toBeUndefined();
  });
});

describe('a revision', () => {
  const a = body('a');
  const next = body('a', { amount: 70n, destination: payee(2), revision: 1 });

  it('replaces the body, voids the approvals and needs its own', () => {
    const w = ready('a', 'b');
    expect(w.run(w.importTxs([next]))).toEqual(['done', 'done']);
    expect([w.state('a'), w.readyKeys()]).toEqual(['voting', ['b']]);
    w.run([approve('cyd', digestOf([a, body('b')]))]); // over the old body: it approves nothing of the new one
    expect([w.state('a'), w.pay('a')]).toEqual(['voting', ['NotApproved']]);
    const digest = digestOf([next]);
    w.run([approve('ann', digest), approve('bob', digest)]);
    expect([w.pay('a'), w.ledger.account(payee(2))?.balance]).toEqual([['done'], 70n]);
    expect(w.ledger.findImport(digest)).toMatchObject({ items: 1, replayed: 0, counts: { executed: 1 } });
  });
  it('leaves the earlier import provable: its digest stands for the bodies that it brought', () => {
    const w = ready('a', 'b');
    const digest = digestOf([a, body('b')]);
    const before = [0, 1].map((i) => w.ledger.importProof(digest, i));
    w.approved([next]);
    const fresh = new World();
    for (const { block } of w.history) fresh.ledger.execute(block);
    for (const { ledger } of [w, fresh]) expect([0, 1].map((i) => ledger.importProof(digest, i))).toEqual(before);
    expect(w.ledger.importProof(digestOf([next]), 0).bodyHash).toBe(w.ledger.disbursement(did('a'))?.bodyHash);
  });
  it.each<[sentence: string, change: object, by: string, verdict: string]>([
    ['by another proposer', {}, 'clerk', 'NotAuthorised'],
    ['a revision left out', { revision: 2 }, 'client', 'ClientKeyConflict'],
    ['the same number with another body', { revision: 0 }, 'client', 'ClientKeyConflict'],
    ['other dependencies', { dependsOn: [did('b')] }, 'client', 'ClientKeyConflict'],
    ['a payee that is not there', { payee: { name: 'x', version: 1 } }, 'client', 'PayeeUnknown'],
  ])('is refused: %s', (_, change, by, verdict) => {
    const w = ready('a', 'b');
    expect(w.run(w.importTxs([{ ...next, ...change }], by))).toEqual(['done', verdict]);
    expect(w.pay('a')).toEqual(['done']);
  });
  it('of a payment that is over is refused, and a new payment begins with revision 0', () => {
    const w = ready('a', 'b');
    w.pay('a');
    w.run([cancel('ann', 'b')]);
    expect(
      w.run([...w.importTxs([next]), ...w.importTxs([body('b', { revision: 1 })]), ...w.importTxs([body('c', { revision: 1 })])]),
    ).toEqual(['done', 'AlreadyExecuted', 'done', 'ClientKeyCancelled', 'done', 'FieldInvalid']);
  });
  it('the revised body repeated is no second revision', () => {
    const w = ready('a', 'b');
    w.approved([next]);
    w.run(w.importTxs([next, body('c')]));
    expect([w.state('a'), w.pay('a')]).toEqual(['queued', ['done']]);
  });
  it('keeps a hold, and moves between lanes', () => {
    const w = ready('a', 'b');
    w.run([hold('gus', 'a', 1)]);
    w.approved([{ ...next, lane: 'industrial' }]);
    expect(w.state('a')).toBe('blocked{Held}');
    w.run([release('ann', 'a', 1), release('bob', 'a', 1)]);
    expect([w.readyKeys(), w.readyKeys('industrial')]).toEqual([['b'], ['a']]);
  });
});

describe('a reversal', () => {
  const back = (clientKey: string, changes: object = {}) =>
    body(clientKey, { treasury: OTHER, destination: TREASURY_ACCOUNT, amount: 60n, reverses: did('a'), ...changes });
  const give = (w: World, items: ReturnType<typeof body>[]) => w.run(w.importTxs(items, 'client', 1000, OTHER)).at(-1);
  /** The other treasury got 100 of this one by payment a. */
  function paid(): World {
    const w = new World({ leaseMs: 1e9 });
    w.run([lease('exec2', 'acquire')]);
    w.approved([body('a', { destination: treasuryAccount(OTHER) }), body('b')]);
    expect(w.outcomes(w.batch(['a'], {}, 'exec2'))).toEqual(['done']);
    return w;
  }
  it('pays back once, approved by the treasury that got the money, and stands at the first payment', () => {
    const w = paid();
    const digest = digestOf([back('r')], OTHER);
    expect(give(w, [back('r')])).toBe('done');
    expect(w.ledger.disbursement(did('a'))?.reversedBy).toBeUndefined();
    w.run([approve('ann', digest, OTHER), approve('bob', digest, OTHER)]);
    const r = w.ledger.disbursement(did('r', OTHER));
    const items = [{ id: r?.id ?? '', bodyHash: r?.bodyHash ?? '', attempt: 1 }];
    expect(w.outcomes(w.batch([], { items }, 'exec2'))).toEqual(['done']);
    expect([w.ledger.disbursement(did('a'))?.reversedBy, w.ledger.treasury(TREASURY)?.balance]).toEqual([r?.id, 9_960n]);
    expect(give(w, [back('again')])).toBe('ReversalInvalid');
  });
  it.each<[sentence: string, items: () => ReturnType<typeof body>[]]>([
    ['more than was paid', () => [back('r', { amount: 101n })]],
    ['to somebody else', () => [back('r', { destination: payee(1) })]],
    ['a payment that was not made', () => [back('r', { reverses: did('b') })]],
    ['a payment that is not there', () => [back('r', { reverses: did('zzz') })]],
    ['one payment twice', () => [back('r', { amount: 1n }), back('s', { amount: 1n })]],
  ])('is refused: %s', (_, items) => {
    expect(give(paid(), items())).toBe('ReversalInvalid');
  });
  it('is refused to a treasury that did not get the money, and while another one is open', () => {
    const w = paid();
    expect(w.run(w.importTxs([body('r', { reverses: did('a') })])).at(-1)).toBe('ReversalInvalid');
    expect([give(w, [back('r')]), give(w, [back('s')])]).toEqual(['done', 'ReversalInvalid']);
    w.run([{ by: 'ann', action: { kind: 'cancel', treasury: OTHER, disbursement: did('r', OTHER) } }]);
    expect(give(w, [back('s')])).toBe('done');
  });
});

describe('expected receipts', () => {
  it.each<[sentence: string, amounts: bigint[], verdict: string]>([
    ['none', [], 'done'],
    ['the amount in parts', [60n, 40n], 'done'],
    ['less than the amount', [60n, 39n], 'FieldInvalid'],
    ['more than the amount', [60n, 41n], 'FieldInvalid'],
    ['a part of nothing', [100n, 0n], 'FieldInvalid'],
  ])('%s', (_, amounts, verdict) => {
    const expectedReceipts = amounts.map((amount, i) => ({ reference: `invoice ${i}`, amount }));
    const w = new World();
    expect(w.run(w.importTxs([body('x', { expectedReceipts })]))[0]).toBe(verdict);
  });
});
