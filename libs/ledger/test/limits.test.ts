import { type Genesis, MAX_AMOUNT, type PaymentLimits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { body, cancel, genesis, lease, payee, TREASURY, TREASURY_ACCOUNT, transfer, World } from './support/world.ts';

const HOUR = 3_600_000;
const limited = (limits: Partial<PaymentLimits>): Partial<Genesis> => ({
  leaseMs: 1e9,
  treasuries: genesis().treasuries.map((t) => ({ ...t, limits: { perPayment: MAX_AMOUNT, windows: [], ...limits } })),
});
const hourly = (most: bigint, scope: 'treasury' | 'payee') => limited({ windows: [{ lengthMs: HOUR, most, scope }] });
const pays = (...amounts: number[]) => amounts.map((a, i) => body(`p${i}`, { amount: BigInt(a), destination: payee(1 + (i % 2)) }));
function world(changes: Partial<Genesis>, ...amounts: number[]): World {
  const w = new World(changes);
  w.approved(pays(...amounts));
  w.run([lease('exec', 'acquire')]);
  return w;
}
const keys = (n: number) => Array.from({ length: n }, (_, i) => `p${i}`);

describe('limits on payments', () => {
  it('one that is larger than a payment may be is held for good, and can be cancelled; its neighbours are paid', () => {
    const w = world(limited({ perPayment: 100n }), 100, 101, 1);
    expect(w.pay('p0', 'p1', 'p2')).toEqual(['done', 'OverLimit', 'done']);
    expect([w.state('p1'), w.readyKeys()]).toEqual(['blocked{OverLimit}', []]);
    w.block([], 100 * HOUR);
    expect([w.state('p1'), w.readyKeys()]).toEqual(['blocked{OverLimit}', []]);
    expect(w.run([cancel('client', 'p1')])).toEqual(['done']);
  });
  it('the treasury pays no more within the window; what is over waits until there is room, and is paid then', () => {
    const w = world(hourly(250n, 'treasury'), 100, 100, 100, 50);
    expect(w.pay(...keys(4))).toEqual(['done', 'done', 'OverLimit', 'done']);
    expect(w.ledger.treasury(TREASURY)?.windows).toEqual([{ lengthMs: HOUR, most: 250n, scope: 'treasury', used: 250n }]);
    expect([w.state('p2'), w.readyKeys()]).toEqual(['blocked{OverLimit}', []]);
    w.block([], HOUR / 2);
    expect([w.readyKeys(), w.pay('p2')]).toEqual([[], ['OverLimit']]);
    w.block([], HOUR / 2 + HOUR / 32);
    expect([w.readyKeys(), w.pay('p2')]).toEqual([['p2'], ['done']]);
    expect(w.ledger.treasury(TREASURY)?.windows[0]?.used).toBe(100n);
  });
  it('a payee gets no more within the window, whoever else is paid', () => {
    const w = world(hourly(150n, 'payee'), 100, 100, 100, 50);
    expect(w.pay(...keys(4))).toEqual(['done', 'done', 'OverLimit', 'done']);
    expect(w.ledger.treasury(TREASURY)?.windows[0]?.used).toBe(0n);
  });
  it('all windows must have room, and the latest of them says when', () => {
    const windows = [
      { lengthMs: HOUR, most: 100n, scope: 'treasury' as const },
      { lengthMs: 24 * HOUR, most: 150n, scope: 'payee' as const },
    ];
    const w = world(limited({ windows }), 100, 10, 100);
    expect(w.pay('p0', 'p2')).toEqual(['done', 'OverLimit']);
    w.block([], 2 * HOUR);
    expect([w.readyKeys(), w.pay('p2'), w.pay('p1')]).toEqual([['p1'], ['OverLimit'], ['done']]);
    w.block([], 24 * HOUR);
    expect(w.pay('p2')).toEqual(['done']);
  });
  it('the limit is met in the middle of a batch, in the order of its items', () => {
    const w = world(hourly(100n, 'treasury'), 60, 60, 40);
    expect(w.pay('p0', 'p1', 'p2')).toEqual(['done', 'OverLimit', 'done']);
  });
  it('limits come before funds: what is over a limit waits for no money, and gives back what was kept for it', () => {
    const w = new World(hourly(9_000n, 'treasury'));
    w.approved([body('a', { amount: 9_000n }), body('b', { amount: 2_000n }), body('c', { amount: 20_000n }), body('d', { amount: 500n })]);
    w.run([lease('exec', 'acquire')]);
    expect(w.pay('c', 'a', 'b', 'd')).toEqual(['OverLimit', 'done', 'OverLimit', 'OverLimit']);
    w.block([], 2 * HOUR);
    expect(w.readyKeys()).toEqual(['b', 'd']);
    expect(w.pay('b', 'd')).toEqual(['InsufficientFunds', 'done']);
    w.run([transfer('client', TREASURY_ACCOUNT, 5_000n)]);
    expect([w.readyKeys(), w.pay('b')]).toEqual([['b'], ['done']]);
    w.ledger.audit();
  });
  it('what is held stands once among those that wait for their time, however often an executor asks for it', () => {
    const w = world(hourly(100n, 'treasury'), 100, 100);
    w.pay('p0');
    for (let i = 0; i < 5; i++) expect(w.pay('p1')).toEqual(['OverLimit']);
    expect(w.ledger.scheduled).toBe(1);
  });
  it('nor however often changes have everything judged anew', () => {
    const w = world(hourly(100n, 'treasury'), 100, 100);
    w.pay('p0', 'p1');
    for (let i = 1; i < 6; i++) w.change({ kind: 'payee', name: `n${i}`, details: { reference: '', account: payee(i) } });
    expect(w.ledger.scheduled).toBe(1);
    w.block([], HOUR + HOUR / 32);
    expect([w.ledger.scheduled, w.readyKeys()]).toEqual([0, ['p1']]);
  });
  it('the root tells limits apart', () => {
    const root = (limits: Partial<PaymentLimits>) => new World(limited(limits)).ledger.stateRoot;
    expect(root({ perPayment: 5n })).not.toBe(root({ perPayment: 6n }));
  });
});
