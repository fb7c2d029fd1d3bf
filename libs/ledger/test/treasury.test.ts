import type { DisbursementBody } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import {
  approve,
  body,
  cancel,
  deps,
  did,
  digestOf,
  idOf,
  OTHER,
  pause,
  payee,
  resume,
  TREASURY,
  TREASURY_ACCOUNT,
  transfer,
  type Unsigned,
  World,
} from './support/world.ts';

const chunk = (by: string, digest: string, index: number, items: DisbursementBody[], treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'importChunk', treasury, import: digest, index, items },
});

describe('approve', () => {
  const items = [body('a'), body('b', { dependsOn: deps('a') }), body('later', { notBefore: 1_005_000 })];
  const digest = digestOf(items);
  const rows: [string, Unsigned[], string][] = [
    ['counts once a key', [approve('ann', digest), approve('ann', digest)], 'AlreadyApproved'],
    ['is for approvers', [approve('client', digest)], 'NotAuthorised'],
    ['of an unknown import', [approve('ann', payee(1))], 'ImportUnknown'],
    ['of another treasury', [approve('ann', digest, OTHER)], 'ImportUnknown'],
    ['of no treasury', [approve('ann', digest, payee(1))], 'UnknownTreasury'],
    ['by all three is recorded', [approve('ann', digest), approve('bob', digest), approve('cyd', digest)], 'done'],
  ];
  it.each(rows)('%s', (_, txs, expected) => {
    const w = new World();
    w.run(w.importTxs(items));
    expect(w.run(txs).at(-1)).toBe(expected);
  });

  it('of an open import has to wait for the seal', () => {
    const w = new World();
    expect(w.run([chunk('client', digest, 0, items), approve('ann', digest)])).toEqual(['done', 'ImportIncomplete']);
  });

  it('queues at the threshold and not before', () => {
    const w = new World();
    w.run(w.importTxs(items));
    w.run([approve('ann', digest)]);
    expect(['a', 'b', 'later'].map((k) => w.state(k))).toEqual(['voting', 'voting', 'voting']);
    w.run([approve('cyd', digest)]);
    expect(['a', 'b', 'later'].map((k) => w.state(k))).toEqual(['queued', 'queued', 'timelocked']);
    expect(w.readyKeys()).toEqual(['a']);
    expect(w.ledger.findImport(digest)).toMatchObject({
      state: 'approved',
      approvals: [idOf('ann'), idOf('cyd')],
      counts: { queued: 2, timelocked: 1 },
    });
    w.block([], 5_000);
    expect([w.state('later'), w.readyKeys()]).toEqual(['queued', ['a', 'later']]);
  });
});

describe('cancel', () => {
  const items = [body('a'), body('b', { dependsOn: deps('a') }), body('c', { dependsOn: deps('b') }), body('free')];
  const rows: [string, Unsigned[], string][] = [
    ['by the proposer', [cancel('client', 'a')], 'done'],
    ['by any approver', [cancel('cyd', 'a')], 'done'],
    ['by another proposer', [cancel('clerk', 'a')], 'NotAuthorised'],
    ['twice', [cancel('client', 'a'), cancel('ann', 'a')], 'AlreadyCancelled'],
    ['of nothing', [cancel('client', 'ghost')], 'UnknownDisbursement'],
    ['of another treasury', [cancel('client', 'a', OTHER)], 'UnknownDisbursement'],
    ['of no treasury', [cancel('client', 'a', payee(1))], 'UnknownTreasury'],
    ['of a blocked one', [cancel('client', 'a'), cancel('client', 'c')], 'done'],
  ];
  it.each(rows)('%s', (_, txs, expected) => {
    const w = new World();
    w.approved(items);
    expect(w.run(txs).at(-1)).toBe(expected);
  });

  it('blocks what depends on it, step by step, and nothing else', () => {
    const w = new World();
    const digest = w.approved(items);
    w.run([cancel('client', 'a')]);
    expect(['a', 'b', 'c', 'free'].map((k) => w.state(k))).toEqual([
      'cancelled',
      'blocked{BlockedByDependency}',
      'blocked{BlockedByDependency}',
      'queued',
    ]);
    expect(w.ledger.findImport(digest)?.counts).toEqual({ voting: 0, queued: 1, timelocked: 0, executed: 0, cancelled: 1, blocked: 2 });
    w.approved([body('late', { dependsOn: deps('c') }), body('later', { dependsOn: deps('late') })]);
    expect([w.state('late'), w.state('later')]).toEqual(['blocked{BlockedByDependency}', 'blocked{BlockedByDependency}']);
  });

  it('stays under later approvals', () => {
    const w = new World();
    w.run([...w.importTxs(items), cancel('client', 'free'), approve('ann', digestOf(items)), approve('bob', digestOf(items))]);
    expect(w.state('free')).toBe('cancelled');
    expect(w.readyKeys()).toEqual(['a']);
  });
});

describe('pause', () => {
  const rows: [string, Unsigned[], string][] = [
    ['by one guardian', [pause('gus', 1)], 'done'],
    ['by somebody else', [pause('ann', 1)], 'NotAuthorised'],
    ['under a number that is not the next', [pause('gus', 2)], 'PauseNumberStale'],
    ['again under the same number', [pause('gus', 1), pause('gil', 1)], 'PauseNumberStale'],
    ['again while it is paused', [pause('gus', 1), pause('gil', 2)], 'Paused'],
    ['of no treasury', [pause('gus', 1, payee(1))], 'UnknownTreasury'],
    ['resume without a pause', [resume('gus', 0)], 'PauseNumberStale'],
    ['resume by somebody else', [pause('gus', 1), resume('ann', 1)], 'NotAuthorised'],
    ['resume twice by one', [pause('gus', 1), resume('gus', 1), resume('gus', 1)], 'AlreadyApproved'],
    ['resume of no treasury', [resume('gus', 1, payee(1))], 'UnknownTreasury'],
    ['resume once more after it went on', [pause('gus', 1), resume('gus', 1), resume('gil', 1), resume('gwen', 1)], 'PauseNumberStale'],
    [
      "last month's resume does not close a new pause",
      [pause('gus', 1), resume('gus', 1), resume('gil', 1), pause('gus', 2), resume('gil', 1)],
      'PauseNumberStale',
    ],
  ];
  it.each(rows)('%s', (_, txs, expected) => {
    expect(new World().run(txs).at(-1)).toBe(expected);
  });

  it('needs guardians together to end, who start anew with each pause', () => {
    const w = new World();
    w.run([pause('gus', 1), resume('gil', 1)]);
    expect(w.ledger.treasury(TREASURY)).toMatchObject({ paused: true, pauseNumber: 1 });
    w.run([resume('gwen', 1)]);
    expect(w.ledger.treasury(TREASURY)).toMatchObject({ paused: false, pauseNumber: 1 });
    w.run([pause('gil', 2), resume('gwen', 2)]);
    expect(w.ledger.treasury(TREASURY)).toMatchObject({ paused: true, pauseNumber: 2 });
  });

  it('hides what is ready until it ends', () => {
    const w = new World();
    w.approved([body('a')]);
    w.run([pause('gus', 1)]);
    expect([w.readyKeys(), w.ledger.readyCount(0, 'consumer')]).toEqual([[], 0]);
    w.run([resume('gus', 1), resume('gil', 1)]);
    expect([w.readyKeys(), w.ledger.readyCount(0, 'consumer')]).toEqual([['a'], 1]);
  });
});

describe('ready', () => {
  it('is paged in the order of readiness, by lane, and a page survives what leaves', () => {
    const w = new World();
    w.run([{ by: 'exec', action: { kind: 'lease', shard: 0, request: 'acquire' } }]);
    w.approved([body('a'), body('b'), body('c'), body('d'), body('i', { lane: 'industrial' })]);
    const keys = (page: { items: readonly { id: string }[] }) => page.items.map(({ id }) => w.ledger.disbursement(id)?.body.clientKey);
    const first = w.ledger.ready(0, 'consumer', 2);
    const counts = () => [w.ledger.readyCount(0, 'consumer'), w.ledger.readyCount(0, 'industrial'), w.ledger.readyCount(1, 'consumer')];
    expect(counts()).toEqual([4, 1, 0]);
    expect([keys(first), typeof first.next]).toEqual([['a', 'b'], 'string']);
    expect(w.pay('a', 'b')).toEqual(['done', 'done']);
    expect(counts()).toEqual([2, 1, 0]);
    const second = w.ledger.ready(0, 'consumer', 2, first.next);
    expect([keys(second), second.next]).toEqual([['c', 'd'], undefined]);
    expect(keys(w.ledger.ready(0, 'industrial', 10))).toEqual(['i']);
    expect(keys(w.ledger.ready(1, 'consumer', 10))).toEqual([]);
    expect(keys(w.ledger.ready(0, 'consumer', 10, 'no cursor'))).toEqual(['c', 'd']);
  });

  it('shows behind it, where a page has room, what may be paid right after: in one batch, in order', () => {
    const w = new World();
    w.run([{ by: 'exec', action: { kind: 'lease', shard: 0, request: 'acquire' } }]);
    const needing = (key: string, ...needs: string[]) => body(key, { dependsOn: deps(...needs) });
    const both = [body('a'), needing('b', 'a'), needing('c', 'a'), needing('d', 'b', 'c'), needing('e', 'd')];
    const apart = [
      { ...needing('i', 'a'), lane: 'industrial' as const },
      { ...needing('later', 'a'), notBefore: 9_000_000 },
    ];
    w.approved([...both, body('z'), ...apart]);
    expect(w.run(w.importTxs([body('never'), needing('n', 'a', 'never')]))).toEqual(['done', 'done']);
    const shown = (limit: number) =>
      w.ledger.ready(0, 'consumer', limit).items.map(({ id, after }) => {
        const key = (of: string) => w.ledger.disbursement(of)?.body.clientKey;
        return [key(id), ...after.map(key)].join(' ');
      });
    expect(shown(1)).toEqual(['a']);
    expect(shown(3)).toEqual(['a', 'z', 'b a']);
    expect(shown(100)).toEqual(['a', 'z', 'b a', 'c a', 'd b c', 'e d']);
    expect(w.ledger.readyCount(0, 'consumer')).toBe(2);
    expect(w.pay('a', 'b', 'c', 'd', 'e')).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(shown(100)).toEqual(['z']);
  });

  it('leaves out what lacks funds until the balance rises, in order and as far as it goes', () => {
    const w = new World();
    w.run([{ by: 'exec', action: { kind: 'lease', shard: 0, request: 'acquire' } }]);
    w.approved([
      body('big', { amount: 10_001n }),
      body('mid', { amount: 10_300n }),
      body('huge', { amount: 900_000n }),
      body('small', { amount: 10_050n }),
    ]);
    expect(w.pay('big', 'mid', 'huge', 'small')).toEqual(new Array(4).fill('InsufficientFunds'));
    expect(w.state('big')).toBe('blocked{InsufficientFunds}');
    expect(w.readyKeys()).toEqual([]);
    w.run([transfer('client', TREASURY_ACCOUNT, 500n)]);
    expect(w.readyKeys()).toEqual(['big']);
    w.run([transfer('client', TREASURY_ACCOUNT, 20_000n)]);
    expect(w.readyKeys()).toEqual(['big', 'mid', 'small']);
    expect(w.state('huge')).toBe('blocked{InsufficientFunds}');
    expect(w.ledger.disbursement(did('huge'))?.attempts).toBe(1);
  });

  /** Ten thousand is there; `first` is given it, `second` waits, though it would fit as well. */
  const passedOver = (): World => {
    const w = new World();
    w.run([{ by: 'exec', action: { kind: 'lease', shard: 0, request: 'acquire' } }]);
    w.approved([body('first', { amount: 10_100n }), body('second', { amount: 10_050n }), body('late', { amount: 4_000n })]);
    expect(w.pay('first', 'second')).toEqual(['InsufficientFunds', 'InsufficientFunds']);
    w.run([transfer('client', TREASURY_ACCOUNT, 100n)]);
    expect(w.readyKeys()).toEqual(['late', 'first']);
    return w;
  };
  it('goes on to the next when what was given the funds is cancelled', () => {
    const w = passedOver();
    w.run([cancel('ann', 'first')]);
    expect(w.readyKeys()).toEqual(['late', 'second']);
  });
  it('goes on to the next when somebody else took the funds and what is left suffices for it', () => {
    const w = new World();
    w.run([{ by: 'exec', action: { kind: 'lease', shard: 0, request: 'acquire' } }]);
    w.approved([body('first', { amount: 12_000n }), body('second', { amount: 11_000n }), body('late', { amount: 500n })]);
    w.pay('first', 'second');
    w.run([transfer('client', TREASURY_ACCOUNT, 2_000n)]);
    expect(w.readyKeys()).toEqual(['late', 'first']);
    expect(w.pay('late', 'first')).toEqual(['done', 'InsufficientFunds']);
    expect(w.readyKeys()).toEqual(['second']);
    expect(w.pay('second')).toEqual(['done']);
    expect([w.state('first'), w.readyKeys()]).toEqual(['blocked{InsufficientFunds}', []]);
  });
});
