import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PaymentWindow } from '../src/payment-window.ts';

const paid = fc.record({
  after: fc.integer({ min: 0, max: 700 }),
  amount: fc.bigInt({ min: 1n, max: 50n }),
  to: fc.constantFrom('a', 'b'),
});
const payments = fc.array(paid, { maxLength: 60 });

describe('a window of payments', () => {
  it('counts at least what an exact window counts, and at most what one a step longer does', () => {
    fc.assert(
      fc.property(payments, fc.constantFrom('treasury' as const, 'payee' as const), (all, scope) => {
        const lengthMs = 1_000;
        const stepMs = Math.ceil(lengthMs / 64);
        const window = new PaymentWindow({ lengthMs, most: 10_000n, scope }, 0);
        const done: { time: number; amount: bigint; to: string }[] = [];
        let time = 1_790_000_000_000;
        for (const { after, amount, to } of all) {
          time += after;
          window.add(to, amount, time);
          done.push({ time, amount, to });
          const within = (ms: number) =>
            done.filter((d) => d.time > time - ms && (scope === 'treasury' || d.to === to)).reduce((sum, d) => sum + d.amount, 0n);
          const used = window.used(to, time);
          expect(used).toBeGreaterThanOrEqual(within(lengthMs));
          expect(used).toBeLessThanOrEqual(within(lengthMs + stepMs));
        }
      }),
    );
  });
  it('says the first moment at which there is room, and not one earlier', () => {
    fc.assert(
      fc.property(payments, fc.bigInt({ min: 1n, max: 60n }), (all, amount) => {
        const window = new PaymentWindow({ lengthMs: 1_000, most: 60n, scope: 'treasury' }, 0);
        let time = 5_000;
        for (const p of all) {
          time += p.after;
          if (window.roomAt(p.to, p.amount, time) === time) window.add(p.to, p.amount, time);
          expect(window.used('', time)).toBeLessThanOrEqual(60n);
        }
        const at = window.roomAt('', amount, time);
        expect(window.used('', at - 1) + amount > 60n || at === time).toBe(true);
        expect(window.used('', at) + amount).toBeLessThanOrEqual(60n);
      }),
    );
  });
  it('an amount above the whole window never has room', () => {
    expect(new PaymentWindow({ lengthMs: 1_000, most: 60n, scope: 'payee' }, 0).roomAt('a', 61n, 1)).toBe(Number.POSITIVE_INFINITY);
  });
  it('forgets accounts that were not paid within it: memory is bounded by those that were', () => {
    const window = new PaymentWindow({ lengthMs: 1_000, most: 1_000n, scope: 'payee' }, 0);
    for (let i = 0; i < 10_000; i++) window.add(`payee ${i}`, 1n, 1_000_000 + i);
    expect(window.size).toBeLessThan(1_100);
    expect(window.used('payee 9999', 1_010_000)).toBe(1n);
  });
});
