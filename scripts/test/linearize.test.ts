import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Connection, keyFromSeed } from '../../libs/client/src/index.ts';
import type { Genesis } from '../../libs/protocol/src/index.ts';
import { rejection } from '../../libs/shared-core/src/index.ts';
import { Random } from '../../libs/simulator/src/world/random.ts';
import { type Bank, type BankInput, type BankOutput, bank } from '../linearize/bank.ts';
import { check, type Operation, TooLong } from '../linearize/checker.ts';
import { Client, type Recorded } from '../linearize/client.ts';
import { contradictions } from '../linearize/final-order.ts';

type Op = Operation<BankInput, BankOutput>;
const START: Bank = [
  [100, 0],
  [100, 0],
  [0, 0],
];
const model = bank(START);
const NEVER = Number.POSITIVE_INFINITY;
const op = (call: number, back: number, input: BankInput, output?: BankOutput): Op => ({ client: 0, call, back, input, output });
const pay = (call: number, back: number, from: number, to: number, amount: number, kind: 'done' | 'refused' = 'done'): Op =>
  op(call, back, { kind: 'transfer', from, to, amount }, { kind });
const lost = (call: number, from: number, to: number, amount: number): Op => op(call, NEVER, { kind: 'transfer', from, to, amount });
const read = (call: number, back: number, account: number, balance: number, nonce: number): Op =>
  op(call, back, { kind: 'read', account }, { kind: 'account', balance, nonce });

describe('histories that have an order', () => {
  it.each<[string, Op[]]>([
    ['nothing', []],
    ['one after the other', [pay(0, 1, 0, 2, 60), read(2, 3, 0, 40, 1), read(4, 5, 2, 60, 0)]],
    ['a read beside a transfer sees it', [pay(0, 10, 0, 2, 60), read(4, 5, 2, 60, 0)]],
    ['a read beside a transfer does not see it', [pay(0, 10, 0, 2, 60), read(4, 5, 2, 0, 0)]],
    ['a refusal while the money is away', [pay(0, 10, 0, 2, 60), pay(1, 9, 0, 1, 60, 'refused')]],
    ['funds that arrive in time', [pay(0, 10, 0, 2, 60), pay(1, 9, 2, 1, 60)]],
    ['a lost answer: it happened', [lost(0, 0, 2, 60), read(4, 5, 2, 60, 0)]],
    ['a lost answer: it happens late', [lost(0, 0, 2, 60), read(4, 5, 2, 0, 0), read(6, 7, 2, 60, 0)]],
    ['a lost answer: it never happens', [lost(0, 0, 2, 60), read(4, 5, 0, 100, 0), pay(6, 7, 0, 2, 100)]],
  ])('%s', (_, history) => {
    const verdict = check(model, history);
    expect(verdict.linearizable).toBe(true);
    if (verdict.linearizable) expect([...verdict.order].sort((a, b) => a - b)).toEqual(history.map((_, i) => i));
  });
});

describe('histories that have none', () => {
  it.each<[string, Op[]]>([
    ['a stale read: the transfer was over before', [pay(0, 1, 0, 2, 60), read(2, 3, 0, 100, 0)]],
    ['a read of the future', [read(0, 1, 2, 60, 0), pay(2, 3, 0, 2, 60)]],
    ['a lost update: two transfers, one seen', [pay(0, 1, 0, 2, 30), pay(2, 3, 0, 2, 30), read(4, 5, 2, 30, 0)]],
    ['a transfer applied twice', [pay(0, 1, 0, 2, 30), read(2, 3, 0, 40, 2)]],
    ['the money applied twice, the nonce once', [pay(0, 1, 0, 2, 30), read(2, 3, 2, 60, 0)]],
    ['money spent twice', [pay(0, 10, 0, 1, 60), pay(1, 9, 0, 2, 60)]],
    ['a refusal though there was enough', [pay(0, 1, 0, 2, 60, 'refused')]],
    ['reads that go back', [lost(0, 0, 2, 60), read(1, 2, 2, 60, 0), read(3, 4, 2, 0, 0)]],
    ['two readers who disagree about the order', [pay(0, 20, 0, 2, 10), pay(0, 20, 1, 2, 5), read(1, 2, 2, 10, 0), read(3, 4, 2, 5, 0)]],
    ['a lost answer that shows before it was asked for', [read(0, 1, 2, 60, 0), lost(2, 0, 2, 60)]],
  ])('%s', (_, history) => {
    const verdict = check(model, history);
    expect(verdict.linearizable).toBe(false);
    if (!verdict.linearizable) expect(verdict.stuck.length).toBeGreaterThan(0);
  });
});

const placed = (o: Op, height: number, index?: number): Recorded => ({
  ...o,
  height,
  ...(index === undefined ? {} : { index }),
  signed: [],
});

describe('a history in the final order', () => {
  const paid = placed(pay(0, 1, 0, 2, 60), 1, 0);
  it.each<[string, Recorded[], string[]]>([
    ['answers of their heights', [paid, placed(read(0, 1, 0, 100, 0), 0), placed(read(0, 3, 0, 40, 1), 1)], []],
    [
      'an answer of another height',
      [paid, placed(read(2, 3, 0, 100, 0), 1)],
      ['a read of account 0 at height 1 saw 100/0, the order says 40/1'],
    ],
    [
      'a refusal though there was enough',
      [placed(pay(0, 1, 0, 2, 60, 'refused'), 1, 0)],
      ['transfer 1/0 cannot answer refused in the final order'],
    ],
    [
      'an order against time',
      [paid, placed(pay(2, 3, 0, 2, 10), 0, 0)],
      ['transfer 1/0 was over before one was called that is ordered before it'],
    ],
    [
      'a transaction that two take for theirs counts once',
      [paid, paid, placed(read(2, 3, 0, 40, 1), 1)],
      ['two operations claim the transaction at 1/0'],
    ],
    ['transactions of one block beside each other', [paid, placed(pay(0, 1, 1, 2, 10), 1, 1)], []],
  ])('%s', (_, history, expected) => {
    expect(contradictions(START, history)).toEqual(expected);
  });
});

describe('clients', () => {
  it('that make equal transfers with one nonce of one key sign two transactions', async () => {
    const down = async () => Promise.reject(rejection('PeerUnreachable'));
    const connection = {
      validators: [{ transactions: { submit: down }, ledger: { getTransactionProof: down, getStatus: down } }],
      read: async () => ({ nextNonce: 7n }),
    } as unknown as Connection;
    const accounts = [1, 2, 3].map((i) => keyFromSeed(Buffer.alloc(32, i)));
    const transfer = async (id: number): Promise<Recorded> => {
      const parts = { id, chain: '00'.repeat(32), genesis: {} as Genesis, connection, accounts, random: new Random(1) };
      const client = new Client({ ...parts, now: () => 0, patienceMs: 0 });
      await client.run(() => client.history.length > 0);
      return client.history[0] as Recorded;
    };
    const [one, other] = [await transfer(0), await transfer(accounts.length)];
    expect(one.input).toEqual(other.input);
    expect(one.signed[0]?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(one.signed[0]?.id).not.toBe(other.signed[0]?.id);
  });
});

/** Operations in their true order, each with the time at which it takes effect, and an interval around it. */
const story = fc
  .array(
    fc.record({
      transfer: fc.boolean(),
      from: fc.nat(2),
      to: fc.nat(2),
      amount: fc.integer({ min: 1, max: 80 }),
      before: fc.nat(40),
      after: fc.nat(40),
      isLost: fc.nat(15).map((n) => n === 0),
    }),
    { minLength: 4, maxLength: 40, size: 'max' },
  )
  .map((steps) => {
    let state = START;
    return steps.map(({ transfer, from, to, amount, before, after, isLost }, i): Op => {
      const at = 10 * (i + 1);
      const times = [at - before, isLost ? NEVER : at + after] as const;
      if (!transfer) {
        const [balance, nonce] = state[from] as [number, number];
        return isLost ? op(...times, { kind: 'read', account: from }) : read(...times, from, balance, nonce);
      }
      const input = { kind: 'transfer', from, to: to === from ? (to + 1) % 3 : to, amount } as const;
      const has = (state[from] as [number, number])[0] >= amount;
      state = model.step(state, input, undefined)[0] as Bank;
      return isLost ? op(...times, input) : op(...times, input, { kind: has ? 'done' : 'refused' });
    });
  });

describe('properties', () => {
  it('whatever a sequential run answers, in intervals of any length around the moment of each, is accepted', () => {
    fc.assert(
      fc.property(story, (history) => {
        expect(check(model, history).linearizable).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
  it('an answer that no state of the run gave is refused; most that another moment gave are', () => {
    let refused = 0;
    let tried = 0;
    fc.assert(
      fc.property(story, fc.nat(), (history, pick) => {
        const reads = history.flatMap((o, i) => (o.output?.kind === 'account' ? [i] : []));
        const at = reads[pick % Math.max(1, reads.length)];
        if (at === undefined) return;
        const o = history[at] as Op & { output: Extract<BankOutput, { kind: 'account' }> };
        const corrupted = (balance: number, nonce: number): Op[] => history.with(at, { ...o, output: { kind: 'account', balance, nonce } });
        expect(check(model, corrupted(o.output.balance, o.output.nonce + 1_000)).linearizable).toBe(false);
        tried++;
        if (!check(model, corrupted(o.output.balance + 7, o.output.nonce)).linearizable) refused++;
      }),
      { numRuns: 300 },
    );
    expect(tried).toBeGreaterThan(200);
    expect(refused / tried).toBeGreaterThan(0.9);
  });
  it('of small histories it says what trying out every order says, right answers or wrong ones', () => {
    const fits = (state: Bank, left: readonly Op[]): boolean =>
      left.length === 0 ||
      left.some(
        (o) =>
          left.every((other) => other === o || other.back >= o.call) &&
          model.step(state, o.input, o.output).some((after) =>
            fits(
              after,
              left.filter((other) => other !== o),
            ),
          ),
      );
    const verdicts = { true: 0, false: 0 };
    const few = fc.array(
      fc.record({
        from: fc.nat(1),
        amount: fc.constantFrom(30, 60),
        call: fc.nat(12),
        takes: fc.nat(8),
        kind: fc.nat(5),
        money: fc.nat(2),
        nonce: fc.nat(2),
      }),
      { minLength: 3, maxLength: 6 },
    );
    fc.assert(
      fc.property(few, (steps) => {
        const history = steps.map(({ from, amount, call, takes, kind, money, nonce }): Op => {
          const input = { kind: 'transfer', from, to: 2, amount } as const;
          if (kind < 2) return read(call, call + takes, from, 100 - 30 * money, nonce);
          if (kind === 2) return read(call, call + takes, 2, 30 * money, 0);
          return kind === 3 ? op(call, NEVER, input) : op(call, call + takes, input, { kind: kind === 4 ? 'done' : 'refused' });
        });
        const verdict = check(model, history).linearizable;
        verdicts[`${verdict}`]++;
        expect(verdict).toBe(fits(START, history));
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(100);
  });
  it('says so when it gives up', () => {
    const many = Array.from({ length: 30 }, (_, i) => lost(0, 0, 2, i + 1));
    expect(() => check(model, [...many, read(1, 2, 1, 7, 0)], 1_000)).toThrow(TooLong);
  });
});
