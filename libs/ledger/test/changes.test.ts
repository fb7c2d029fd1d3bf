/** Changes of policies and payees: who may, when they count, and what they do to payments under way. */
import { type Change, MAX_AMOUNT, mOfN, rejections, type TreasuryPolicy } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { bounds } from '../src/index.ts';
import {
  approve,
  approveChange,
  body,
  cancelChange,
  DELAY_MS,
  did,
  digestOf,
  genesis,
  idOf,
  lease,
  OTHER,
  pause,
  payee,
  resume,
  TREASURY,
  World,
} from './support/world.ts';

const first = genesis().treasuries[0] as TreasuryPolicy;
const policy = (changes: Partial<TreasuryPolicy>): Change => ({ kind: 'policy', policy: { ...first, ...changes } });
const one = policy({ approval: mOfN(['ann', 'bob', 'cyd'].map(idOf), 1) });
const acme = (n: number, reference = 'DE75'): Change => ({ kind: 'payee', name: 'acme', details: { reference, account: payee(n) } });
const strike: Change = { kind: 'payee', name: 'acme', details: undefined };

describe('a change', () => {
  it('counts once the delay is over after the last approval that it needs, and not a moment before', () => {
    const w = new World();
    const { id } = w.propose(one);
    expect(w.run([approveChange('ann', id)])).toEqual(['done']);
    expect(w.ledger.change(id)).toMatchObject({ state: 'proposed', needs: [{ role: 'approver', needed: 2, given: 1 }] });
    w.run([approveChange('cyd', id)]);
    expect(w.ledger.change(id)).toMatchObject({ state: 'approved', time: w.ledger.time + DELAY_MS });
    w.block([], DELAY_MS - 1);
    expect([w.ledger.treasury(TREASURY)?.policyVersion, w.ledger.openChanges(TREASURY).length]).toEqual([1, 1]);
    w.block([], 1);
    expect(w.ledger.change(id)).toMatchObject({ state: 'effective', time: w.ledger.time });
    const after = w.ledger.treasury(TREASURY);
    expect([after?.policyVersion, after?.policy.approval.bands[0]?.needs, w.ledger.openChanges(TREASURY)]).toEqual([2, [1], []]);
    expect(w.ledger.policy(after?.policyDigest ?? '')).toMatchObject({ treasury: TREASURY, version: 2 });
    expect(w.ledger.treasury(OTHER)?.policyVersion).toBe(1);
  });

  it.each<[sentence: string, change: Change, by: string, version: number | undefined, verdict: string]>([
    ['a stranger proposes nothing', one, 'gus', undefined, 'NotAuthorised'],
    ['an approver may propose', one, 'ann', undefined, 'done'],
    ['an old version is named', one, 'client', 0, 'ChangeStale'],
    ['a later version is named', one, 'client', 2, 'ChangeStale'],
    ['another name', policy({ name: 'other' }), 'client', undefined, 'ChangeInvalid'],
    ['a threshold that nobody reaches', policy({ approval: mOfN([idOf('ann')], 2) }), 'client', undefined, 'ChangeInvalid'],
    ['nobody is needed', policy({ approval: mOfN([idOf('ann')], 0) }), 'client', undefined, 'ChangeInvalid'],
    ['a key of small order', policy({ executors: ['00'.repeat(32)] }), 'client', undefined, 'ChangeInvalid'],
    ['that nobody could change again', policy({ proposers: [], approval: mOfN([idOf('ann')], 1) }), 'client', undefined, 'ChangeInvalid'],
    ['a limit of nothing', policy({ limits: { perPayment: 0n, windows: [] } }), 'client', undefined, 'ChangeInvalid'],
    ['too many guardians to resume', policy({ guardianThreshold: 4 }), 'client', undefined, 'ChangeInvalid'],
    ['a delay of ten years', policy({ delays: { policyMs: 3e11, payeeMs: 0 } }), 'client', undefined, 'ChangeInvalid'],
    ['a new payee', acme(1), 'client', undefined, 'done'],
    ['a new payee as if it were known', acme(1), 'client', 1, 'ChangeStale'],
    ['a payee without a name', { ...acme(1), name: '' } as Change, 'client', undefined, 'ChangeInvalid'],
    ['a payee that is not there is struck off', strike, 'client', undefined, 'ChangeInvalid'],
  ])('%s: %#', (_, change, by, version, verdict) => {
    const w = new World();
    const proposed = version === undefined ? w.propose(change, by) : w.propose(change, by, version);
    expect(proposed.verdict).toBe(verdict);
    expect(w.ledger.openChanges(TREASURY)).toHaveLength(verdict === 'done' ? 1 : 0);
  });

  it('is approved by approvers alone, each once, and never by who proposed it', () => {
    const w = new World();
    const { id } = w.propose(one, 'ann');
    const tries = ['client', 'gus', 'ann', 'bob', 'bob'].map((by) => approveChange(by, id));
    expect(w.run([...tries, approveChange('cyd', payee(1)), approveChange('cyd', id, OTHER)])).toEqual([
      'NotAuthorised',
      'NotAuthorised',
      'OwnProposal',
      'done',
      'AlreadyApproved',
      'ChangeUnknown',
      'ChangeUnknown',
    ]);
    expect(w.run([approveChange('cyd', id), approveChange('cyd', id)])).toEqual(['done', 'ChangeOver']);
  });

  it.each(['client', 'ann', 'gus'])('is stopped by %s alone until it counts, and stays stopped', (by) => {
    const w = new World();
    const { id } = w.propose(one);
    w.run([approveChange('ann', id), approveChange('bob', id)]);
    expect(w.run([cancelChange('exec', id), cancelChange(by, id), cancelChange(by, id), approveChange('cyd', id)])).toEqual([
      'NotAuthorised',
      'done',
      'ChangeOver',
      'ChangeOver',
    ]);
    w.block([], DELAY_MS);
    expect([w.ledger.change(id)?.state, w.ledger.treasury(TREASURY)?.policyVersion]).toEqual(['cancelled', 1]);
  });

  it('does not count while the treasury is paused, and counts once guardians have resumed', () => {
    const w = new World();
    const { id } = w.propose(one);
    w.run([approveChange('ann', id), approveChange('bob', id), pause('gus', 1)]);
    w.block([], DELAY_MS);
    expect(w.ledger.change(id)?.state).toBe('approved');
    w.run([resume('gus', 1), resume('gil', 1)]);
    w.block();
    expect(w.ledger.change(id)?.state).toBe('effective');
  });

  it('expires when its approvals do not come', () => {
    const w = new World();
    const { id } = w.propose(one);
    w.run([approveChange('ann', id)]);
    w.block([], bounds.openChangeMs);
    expect([w.ledger.change(id)?.state, w.run([approveChange('bob', id)])]).toEqual(['expired', ['ChangeOver']]);
  });

  it('is overtaken by another one of the same version, which was approved first', () => {
    const w = new World();
    const slow = w.propose(one).id;
    const fast = w.propose(policy({ guardianThreshold: 3 })).id;
    w.run([approveChange('ann', fast), approveChange('bob', fast), approveChange('ann', slow)]);
    w.block([], DELAY_MS);
    expect([w.ledger.change(fast)?.state, w.ledger.change(slow)?.state]).toEqual(['effective', 'overtaken']);
    expect(w.ledger.treasury(TREASURY)?.policy.guardianThreshold).toBe(3);
  });

  it('that lost its approvers before it counted waits for those who count now', () => {
    const w = new World();
    const later = w.propose(acme(1)).id;
    const swap = w.propose(policy({ approval: mOfN(['bob', 'cyd'].map(idOf), 2) })).id;
    w.run([...['ann', 'bob'].map((by) => approveChange(by, swap))]);
    w.block([], DELAY_MS - 100);
    w.run([...['ann', 'bob'].map((by) => approveChange(by, later))]);
    w.block([], 100);
    expect(w.ledger.change(swap)?.state).toBe('effective');
    w.block([], DELAY_MS);
    expect(w.ledger.change(later)).toMatchObject({ state: 'proposed', needs: [{ needed: 2, given: 1 }] });
    w.run([approveChange('cyd', later)]);
    w.block([], DELAY_MS);
    expect([w.ledger.change(later)?.state, w.ledger.payee(TREASURY, 'acme')?.version]).toEqual(['effective', 1]);
  });

  it('finds room among at most so many open ones', () => {
    const w = new World();
    for (const [p, by] of ['client', 'ann', 'bob', 'cyd'].entries()) {
      for (let i = 0; i < bounds.openChangesPerProposer; i++)
        expect(w.propose({ ...acme(1, ''), name: `p${p}-${i}` } as Change, by).verdict).toBe('done');
      expect(w.propose(acme(1), by).verdict).toBe('TooManyChanges');
    }
    expect([w.ledger.openChanges(TREASURY).length, w.propose(acme(1), 'clerk').verdict]).toEqual([bounds.openChanges, 'TooManyChanges']);
    w.run([cancelChange('gus', w.ledger.openChanges(TREASURY)[0]?.id ?? '')]);
    expect(w.propose(acme(1)).verdict).toBe('done');
  });

  it('of a policy is looked at once a block and proposer, for it may name hundreds of keys', () => {
    const w = new World();
    const propose = (by: string, change: Change) => ({
      by,
      action: { kind: 'proposeChange' as const, treasury: TREASURY, version: 1, change },
    });
    const bad = policy({ executors: ['00'.repeat(32)] });
    expect(w.run([propose('client', bad), propose('client', one), propose('ann', one)])).toEqual([
      'ChangeInvalid',
      'TooManyChanges',
      'done',
    ]);
    expect(w.run([propose('client', one)])).toEqual(['done']);
  });

  it('needs what the largest payment needs, whatever it changes', () => {
    const approval = {
      roles: [
        { name: 'few', keys: [idOf('ann')] },
        { name: 'board', keys: [idOf('bob')] },
      ],
      bands: [
        { upTo: 100n, needs: [1, 0] },
        { upTo: MAX_AMOUNT, needs: [1, 1] },
      ],
    };
    const w = new World({ treasuries: genesis().treasuries.map((t) => ({ ...t, approval })) });
    const { id } = w.propose(acme(1));
    w.run([approveChange('ann', id)]);
    expect(w.ledger.change(id)?.state).toBe('proposed');
    w.run([approveChange('bob', id)]);
    expect(w.ledger.change(id)?.state).toBe('approved');
  });
});

describe('a policy that came into force', () => {
  const items = [body('small', { amount: 10n }), body('large', { amount: 500n })];
  const digest = digestOf(items);
  const ready = (): World => {
    const w = new World({ leaseMs: 1e9 });
    w.run([lease('exec', 'acquire')]);
    w.approved(items);
    return w;
  };

  it('takes approved payments back when it needs more, and lets them go when the approvals are there', () => {
    const w = ready();
    expect(w.readyKeys()).toEqual(['small', 'large']);
    w.change(policy({ approval: mOfN(['ann', 'bob', 'cyd'].map(idOf), 3) }));
    expect([w.state('small'), w.readyKeys(), w.ledger.findImport(digest)?.state]).toEqual(['voting', [], 'sealed']);
    expect(w.pay('small')).toEqual(['NotApproved']);
    w.run([approve('cyd', digest)]);
    expect([w.pay('small'), w.ledger.findImport(digest)?.state]).toEqual([['done'], 'approved']);
  });
  it('queues what its lower threshold approves, without another signature', () => {
    const w = new World({ leaseMs: 1e9 });
    w.run([lease('exec', 'acquire')]);
    w.run([...w.importTxs(items), approve('ann', digest)]);
    expect(w.state('small')).toBe('voting');
    w.change(one);
    expect([w.state('small'), w.pay('large')]).toEqual(['queued', ['done']]);
  });
  it('judges a batch of the very block in which it came into force', () => {
    const w = ready();
    const { id } = w.propose(policy({ approval: mOfN(['ann', 'bob', 'cyd'].map(idOf), 3) }));
    w.run([approveChange('ann', id), approveChange('bob', id)]);
    const results = w.block([w.batch(['small'], { expiresAt: w.ledger.time + 10_000 })], DELAY_MS);
    expect(results).toMatchObject([{ kind: 'transaction', code: 0, items: [rejections.NotApproved.code] }]);
  });
  it('moves a payment to the import of the same body whose approvals count now', () => {
    const w = ready();
    const again = digestOf([...items, body('more')]);
    w.run([...w.importTxs([...items, body('more')]), approve('cyd', again)]);
    w.change(policy({ approval: mOfN([idOf('cyd')], 1) }));
    expect([w.ledger.disbursement(w.ledger.findImport(digest)?.itemAt(0) ?? '')?.import, w.pay('small')]).toEqual([again, ['done']]);
  });
  it('moves a payment back to the import that brought it, when only the approvals of that one count now', () => {
    const w = new World();
    const [one, two] = [[body('x')], [body('x'), body('y')]];
    w.run([...w.importTxs(one), ...w.importTxs(two, 'clerk'), approve('ann', digestOf(one))]);
    w.run([approve('bob', digestOf(two)), approve('cyd', digestOf(two))]);
    expect(w.ledger.disbursement(did('x'))?.import).toBe(digestOf(two));
    const roles = [['ann'], ['bob', 'cyd']].map((names, i) => ({ name: `role${i}`, keys: names.map(idOf) }));
    w.change(policy({ approval: { roles, bands: [{ upTo: MAX_AMOUNT, needs: [1, 0] }] } }));
    expect([w.state('x'), w.ledger.disbursement(did('x'))?.import]).toEqual(['queued', digestOf(one)]);
  });
  it('stops an executor that it does not list, and a proposer likewise', () => {
    const w = ready();
    w.change(policy({ executors: [idOf('exec2')], proposers: [idOf('clerk')] }));
    expect(w.pay('small')).toEqual(['NotAuthorised']);
    expect(w.run(w.importTxs([body('x')]))).toEqual(['NotAuthorised', 'NotAuthorised']);
    expect(w.run(w.importTxs([body('x')], 'clerk'))).toEqual(['done', 'done']);
  });
  it('gives an account to whoever it names for the first time', () => {
    const w = ready();
    w.change(policy({ approval: mOfN(['ann', 'bob', 'new'].map(idOf), 2) }));
    expect(w.run([...w.importTxs([body('x')]), approve('new', digestOf([body('x')]))])).toEqual(['done', 'done', 'done']);
  });
  it('goes on with the sums of a window that it keeps, and wakes what its limits held', () => {
    const hour = { lengthMs: 3_600_000, scope: 'treasury' as const };
    const limited = (most: bigint, perPayment = MAX_AMOUNT): Change => policy({ limits: { perPayment, windows: [{ ...hour, most }] } });
    const w = ready();
    w.change(limited(100n));
    expect(w.pay('small', 'large')).toEqual(['done', 'OverLimit']);
    expect(w.state('large')).toBe('blocked{OverLimit}');
    w.change(limited(509n));
    expect([w.state('large'), w.ledger.treasury(TREASURY)?.windows[0]?.used]).toEqual(['blocked{OverLimit}', 10n]);
    w.change(limited(510n));
    expect([w.state('large'), w.pay('large')]).toEqual(['queued', ['done']]);
    expect(w.ledger.treasury(TREASURY)?.windows[0]?.used).toBe(510n);
  });
  it('stands in the receipts of what it approved', () => {
    const w = ready();
    const digestNow = () => w.ledger.treasury(TREASURY)?.policyDigest;
    const before = digestNow();
    const paid = (key: string) => w.block([w.batch([key])]).flatMap((r) => (r.kind === 'payment' ? [r.policy] : []));
    expect(paid('small')).toEqual([before]);
    w.change(one);
    expect([paid('large'), digestNow() === before]).toEqual([[digestNow()], false]);
  });
});

describe('payees', () => {
  const to = (key: string, version: number, n = 1) => body(key, { destination: payee(n), payee: { name: 'acme', version } });
  const known = (): World => {
    const w = new World({ leaseMs: 1e9 });
    w.run([lease('exec', 'acquire')]);
    w.change(acme(1));
    return w;
  };

  it('are found by name and by reference, and keep their version when they are struck off', () => {
    const w = known();
    expect(w.ledger.payeeByReference(TREASURY, 'DE75')).toMatchObject({ name: 'acme', version: 1, details: { account: payee(1) } });
    w.change(acme(2, 'FR14'));
    expect([w.ledger.payeeByReference(TREASURY, 'DE75'), w.ledger.payeeByReference(TREASURY, 'FR14')?.version]).toEqual([undefined, 2]);
    w.change(strike);
    expect(w.ledger.payee(TREASURY, 'acme')).toEqual({ name: 'acme', version: 3, details: undefined });
    expect([w.ledger.payeeByReference(TREASURY, 'FR14'), w.propose(strike).verdict]).toEqual([undefined, 'ChangeInvalid']);
    w.change(acme(3));
    expect(w.ledger.payees(TREASURY, 0, 10)).toEqual([{ name: 'acme', version: 4, details: { reference: 'DE75', account: payee(3) } }]);
  });
  it('have references of their own; whoever is approved first has it', () => {
    const w = known();
    const evil = (reference: string): Change => ({ kind: 'payee', name: 'acne', details: { reference, account: payee(9) } });
    expect(w.propose(evil('DE75')).verdict).toBe('ChangeInvalid');
    const late = w.propose(evil('FR14')).id;
    w.run([approveChange('ann', late), approveChange('bob', late)]);
    w.block([], DELAY_MS - 1_000);
    const { id } = w.propose({ kind: 'payee', name: 'zeta', details: { reference: 'FR14', account: payee(3) } });
    w.run([approveChange('ann', id), approveChange('bob', id)]);
    w.block([], DELAY_MS);
    expect([w.ledger.change(late)?.state, w.ledger.change(id)?.state]).toEqual(['effective', 'overtaken']);
  });
  it.each<[sentence: string, version: number, account: number, name: string, verdict: string]>([
    ['right', 1, 1, 'acme', 'done'],
    ['another account', 1, 2, 'acme', 'PayeeUnknown'],
    ['another version', 2, 1, 'acme', 'PayeeUnknown'],
    ['another name', 1, 1, 'acne', 'PayeeUnknown'],
    ['no name', 1, 1, '', 'FieldInvalid'],
  ])('a payment made out to a payee: %s', (_, version, account, name, verdict) => {
    const w = known();
    const item = body('x', { destination: payee(account), payee: { name, version } });
    expect(w.run(w.importTxs([item])).at(-1)).toBe(verdict === 'FieldInvalid' ? 'ImportUnknown' : verdict);
  });
  it('a change of the payee holds what was made out to it before, and says so, until it is revised', () => {
    const w = known();
    w.approved([to('x', 1), to('y', 1), body('z')]);
    expect(w.pay('y')).toEqual(['done']);
    w.change(acme(2));
    expect(['x', 'y', 'z'].map((k) => w.state(k))).toEqual(['blocked{PayeeChanged}', 'executed', 'queued']);
    expect([w.readyKeys(), w.pay('x', 'z')]).toEqual([['z'], ['PayeeChanged', 'done']]);
    const revised = { ...to('x', 2, 2), revision: 1 };
    w.approved([revised]);
    expect([w.state('x'), w.pay('x'), w.ledger.account(payee(2))?.balance]).toEqual(['queued', ['done'], 100n]);
  });
  it('a payment in the very block of the change is not made', () => {
    const w = known();
    w.approved([to('x', 1)]);
    const { id } = w.propose(acme(2));
    w.run([approveChange('ann', id), approveChange('bob', id)]);
    const results = w.block([w.batch(['x'], { expiresAt: w.ledger.time + 10_000 })], DELAY_MS);
    expect(results).toMatchObject([{ kind: 'transaction', code: 0, items: [rejections.PayeeChanged.code] }]);
    expect(w.state('x')).toBe('blocked{PayeeChanged}');
  });
});
