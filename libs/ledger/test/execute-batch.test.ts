import { merkleRoot } from '@bursar/merkle';
import { encode, type PaymentReceipt, result, resultLeaf, toHex } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import {
  approve,
  body,
  cancel,
  deps,
  did,
  digestOf,
  idOf,
  isTransaction,
  LEASE_MS,
  lease,
  OTHER,
  pause,
  payee,
  resume,
  TREASURY,
  TREASURY_ACCOUNT,
  type Unsigned,
  World,
} from './support/world.ts';

/** Two payments approved and a lease held by `exec`. */
function ready(): World {
  const w = new World();
  w.run([lease('exec', 'acquire')]);
  w.approved([body('a'), body('b', { dependsOn: deps('a'), destination: payee(2) })]);
  return w;
}

describe('lease', () => {
  const rows: [string, [Unsigned, number][], string][] = [
    ['acquire', [[lease('exec', 'acquire'), 1]], 'done'],
    [
      'acquire a held one',
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec2', 'acquire'), LEASE_MS - 1],
      ],
      'LeaseHeld',
    ],
    [
      'acquire an expired one',
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec2', 'acquire'), LEASE_MS],
      ],
      'done',
    ],
    [
      'acquire a released one',
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec', 'release'), 1],
        [lease('exec2', 'acquire'), 1],
      ],
      'done',
    ],
    [
      'renew',
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec', 'renew'), LEASE_MS - 1],
      ],
      'done',
    ],
    [
      'renew too late',
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec', 'renew'), LEASE_MS],
      ],
      'Fenced',
    ],
    [
      "renew another's",
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec2', 'renew'), 1],
      ],
      'Fenced',
    ],
    ['renew nothing', [[lease('exec', 'renew'), 1]], 'Fenced'],
    [
      "release another's",
      [
        [lease('exec', 'acquire'), 1],
        [lease('exec2', 'release'), 1],
      ],
      'Fenced',
    ],
    ['of no shard', [[lease('exec', 'acquire', 1), 1]], 'UnknownShard'],
    ['by somebody else', [[lease('ann', 'acquire'), 1]], 'NotAuthorised'],
  ];
  it.each(rows)('%s', (_, steps, expected) => {
    const w = new World();
    expect(steps.map(([tx, afterMs]) => w.run([tx], afterMs)[0]).at(-1)).toBe(expected);
  });

  it('raises the epoch with every grant but not with a renewal, and keeps the seq', () => {
    const w = ready();
    const seen = (): unknown[] => {
      const { holder, epoch, released, nextSeq } = w.ledger.lease(0);
      return [holder, epoch, released, nextSeq];
    };
    w.pay('a');
    expect(seen()).toEqual([idOf('exec'), 1n, false, 2n]);
    w.run([lease('exec', 'renew')]);
    expect(seen()).toEqual([idOf('exec'), 1n, false, 2n]);
    w.run([lease('exec', 'acquire')]);
    expect(seen()).toEqual([idOf('exec'), 2n, false, 2n]);
    w.run([lease('exec', 'release')]);
    expect(seen()).toEqual([idOf('exec'), 2n, true, 2n]);
    w.run([lease('exec2', 'acquire')]);
    expect(seen()).toEqual([idOf('exec2'), 3n, false, 2n]);
    expect(() => w.ledger.lease(1)).toThrow(RangeError);
  });
});

describe('ExecuteBatch: the checks before the items', () => {
  const rows: [string, (w: World) => Unsigned | Uint8Array, string][] = [
    ['2 a used seq with other bytes', (w) => w.batch(['b'], { seq: 1n }), 'SeqReused?'],
    ['2 seq zero', (w) => w.batch(['b'], { seq: 0n }), 'SeqReused?'],
    ['2 before 3: a used seq, expired', (w) => w.batch(['b'], { seq: 1n, expiresAt: 1 }), 'SeqReused?'],
    ['3 past its expiry', (w) => w.batch(['b'], { expiresAt: w.ledger.time }), 'BatchExpired?'],
    ['3 before 3b: expired, with a gap', (w) => w.batch(['b'], { expiresAt: 1, seq: 9n }), 'BatchExpired?'],
    ['3b a gap', (w) => w.batch(['b'], { seq: 3n }), 'SeqGap?'],
    ['3b before 4: a gap with a wrong epoch', (w) => w.batch(['b'], { seq: 3n, leaseEpoch: 9n }), 'SeqGap?'],
    ['4 an old epoch', (w) => w.batch(['b'], { leaseEpoch: 0n }), 'Fenced?'],
    ['4 another holder', (w) => w.batch(['b'], {}, 'exec2'), 'Fenced?'],
    ['1 no such shard', (w) => w.batch(['b'], { shard: 1 }), 'UnknownShard?'],
    ['1 a nonce', (w) => ({ ...w.batch(['b']), nonce: 1n }), 'MalformedMessage?'],
    ['6 the next seq', (w) => w.batch(['b']), 'done'],
    ['6 on the last millisecond', (w) => w.batch(['b'], { expiresAt: w.ledger.time + 10 }), 'done'],
  ];
  it.each(rows)('%s', (_, make, expected) => {
    const w = ready();
    w.pay('a');
    expect(w.run([make(w)])).toEqual([expected]);
    expect(w.ledger.lease(0).nextSeq).toBe(expected === 'done' ? 3n : 2n);
    expect(w.state('b')).toBe(expected === 'done' ? 'executed' : 'queued');
  });

  it('4 a lease that expired in ledger time, by the very header', () => {
    const w = ready();
    const left = w.ledger.lease(0).expiresAt - w.ledger.time;
    const tx = w.transaction(w.batch(['a'], { expiresAt: w.ledger.time + 60_000 }));
    w.block([], left - 1);
    expect(w.run([tx], 1)).toEqual(['Fenced?']);
  });

  it('5 a pause holds the batch as a whole, comes after the fence, and the same bytes go on after it', () => {
    const w = ready();
    const tx = w.transaction(w.batch(['a'], { expiresAt: w.ledger.time + 5_000 }));
    expect(w.run([pause('gus', 1), tx, w.batch(['a'], { leaseEpoch: 0n })])).toEqual(['done', 'Paused?', 'Fenced?']);
    expect(w.run([resume('gus', 1), resume('gil', 1), tx])).toEqual(['done', 'done', 'done']);
  });

  it('answers the same bytes with the stored result, also past expiry and from another holder, a thousand times', () => {
    const w = ready();
    const tx = w.transaction(w.batch(['a', 'ghost']));
    const [first] = w.block([tx]).filter(isTransaction);
    const root = w.ledger.account(payee(1));
    w.block([lease('exec', 'release'), lease('exec2', 'acquire')], 60_000);
    const again = w.block(new Array<Uint8Array>(1000).fill(tx)).filter(isTransaction);
    expect(again.every((r) => JSON.stringify(r) === JSON.stringify(first))).toBe(true);
    expect(w.last?.results).toHaveLength(1000);
    expect(w.ledger.account(payee(1))).toEqual(root);
    expect(w.ledger.payments).toBe(1);
  });

  it('consumes the seq when every item fails', () => {
    const w = ready();
    expect(w.pay('ghost')).toEqual(['UnknownDisbursement']);
    expect(w.ledger.lease(0).nextSeq).toBe(2n);
  });
});

describe('ExecuteBatch: items', () => {
  const rows: [string, (w: World) => Unsigned, string[]][] = [
    ['dependents after their dependency', (w) => w.batch(['a', 'b']), ['done', 'done']],
    ['dependents before their dependency', (w) => w.batch(['b', 'a']), ['BlockedByDependency', 'done']],
    ['the same one twice', (w) => w.batch(['a', 'a']), ['done', 'AlreadyExecuted']],
    ['one bad item never stops the others', (w) => w.batch(['ghost', 'a']), ['UnknownDisbursement', 'done']],
    ['nothing at all', (w) => w.batch([]), []],
  ];
  it.each(rows)('%s', (_, make, expected) => {
    const w = ready();
    expect(w.outcomes(make(w))).toEqual(expected);
    w.ledger.audit();
  });

  const v = [body('v')];
  const single: [string, string, (w: World) => unknown, string][] = [
    ['already executed', 'a', (w) => w.pay('a'), 'AlreadyExecuted'],
    ['cancelled', 'a', (w) => w.run([cancel('ann', 'a')]), 'AlreadyCancelled'],
    ['its dependency cancelled', 'b', (w) => w.run([cancel('ann', 'a')]), 'BlockedByDependency'],
    ['not approved', 'v', (w) => w.run(w.importTxs(v)), 'NotApproved'],
    ['approved by one only', 'v', (w) => w.run([...w.importTxs(v), approve('ann', digestOf(v))]), 'NotApproved'],
    ['not due', 't', (w) => w.approved([body('t', { notBefore: w.ledger.time + 60_000 })]), 'NotDue'],
    ['without funds', 'f', (w) => w.approved([body('f', { amount: 10_001n })]), 'InsufficientFunds'],
  ];
  it.each(single)('%s', (_, key, prepare, expected) => {
    const w = ready();
    prepare(w);
    const before = w.ledger.treasury(TREASURY)?.balance;
    expect(w.pay(key)).toEqual([expected]);
    expect(w.ledger.treasury(TREASURY)?.balance).toBe(before);
    const counted = expected === 'AlreadyExecuted' || expected === 'AlreadyCancelled' ? 0 : 1;
    expect(w.ledger.disbursement(did(key))?.attempts).toBe(counted);
  });

  it('a stale body hash', () => {
    const w = ready();
    expect(w.outcomes(w.batch(['a'], { items: [{ id: did('a'), bodyHash: payee(1), attempt: 1 }] }))).toEqual(['BodyStale']);
  });

  it('is refused under another lane, or under the lease of another shard', () => {
    const w = new World({ shards: 4 });
    w.run([0, 1, 2, 3].map((shard) => lease('exec', 'acquire', shard)));
    w.approved([body('a', { lane: 'industrial' })]);
    const shard = [0, 1, 2, 3].find((s) => w.ledger.ready(s, 'industrial', 1).items.length > 0) as number;
    const other = (shard + 1) % 4;
    expect(w.outcomes(w.batch(['a'], { shard, lane: 'consumer', leaseEpoch: 1n, seq: 1n }))).toEqual(['WrongShard']);
    expect(w.outcomes(w.batch(['a'], { shard: other, lane: 'industrial', leaseEpoch: 1n, seq: 1n }))).toEqual(['WrongShard']);
    expect(w.outcomes(w.batch(['a'], { shard, lane: 'industrial', leaseEpoch: 1n, seq: 2n }))).toEqual(['done']);
  });

  it("an executor of another treasury may not pay this one's", () => {
    const w = ready();
    w.approved([body('o', { treasury: OTHER })], OTHER);
    const id = did('o', OTHER);
    const item = { id, bodyHash: w.ledger.disbursement(id)?.bodyHash ?? '', attempt: 0 };
    expect(w.outcomes(w.batch([], { items: [item] }))).toEqual(['NotAuthorised']);
  });

  it('the limit of funds in mid-batch lets smaller ones pass', () => {
    const w = ready();
    w.approved([body('x', { amount: 9_900n }), body('y', { amount: 200n }), body('z', { amount: 100n })]);
    expect(w.pay('x', 'y', 'z')).toEqual(['done', 'InsufficientFunds', 'done']);
    expect(w.ledger.treasury(TREASURY)).toMatchObject({ balance: 0n, totalPaid: 10_000n });
  });

  it('receipts have the canonical bytes and leaves of their codec, across imports', () => {
    const w = ready();
    w.approved([body('x', { clientKey: 'a longer key', destination: payee(9) })]);
    w.pay('a', 'a longer key', 'b');
    const results = w.last?.results ?? [];
    expect([...(w.last?.encoded ?? [])]).toEqual(results.map((r) => encode(result, r)));
    expect(w.last?.resultsRoot).toBe(toHex(merkleRoot(results.map(resultLeaf))));
    const imports = results.flatMap((r) => (r.kind === 'payment' ? [[r.disbursement, r.import, r.to]] : []));
    const of = (key: string) => [did(key), w.ledger.disbursement(did(key))?.import];
    expect(imports).toEqual([
      [...of('a'), payee(1)],
      [...of('a longer key'), payee(9)],
      [...of('b'), payee(2)],
    ]);
  });

  it('money, record and receipt move together', () => {
    const w = ready();
    w.pay('a', 'b');
    const receipts = (w.last?.results ?? []).filter((r): r is PaymentReceipt => r.kind === 'payment');
    expect(w.last?.results.map((r) => r.kind)).toEqual(['transaction', 'payment', 'payment']);
    const executed = w.ledger.disbursement(did('b'));
    expect(receipts[1]).toMatchObject({
      disbursement: did('b'),
      bodyHash: executed?.bodyHash,
      import: executed?.import,
      from: TREASURY_ACCOUNT,
      to: payee(2),
      amount: 100n,
      height: w.ledger.height,
      time: w.ledger.time,
      leaseEpoch: 1n,
      seq: 1n,
      attempt: 1,
    });
    expect(executed).toMatchObject({
      state: 'executed',
      executed: { height: w.ledger.height, time: w.ledger.time, transaction: receipts[1]?.transaction },
    });
    expect(w.ledger.account(payee(2))).toEqual({ balance: 100n, nonce: 0n });
    expect(w.ledger.payments).toBe(2);
    expect(w.run([cancel('ann', 'a')])).toEqual(['AlreadyExecuted']);
    w.ledger.audit();
  });
});
