import { encode, rejections, result as resultCodec, type TransactionResult } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { awaitOutcomes, followOutcome, outcomeError } from '../src/core/await-outcome.ts';
import { type Outcome, Outcomes } from '../src/core/outcomes.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const result = (n: number, height: number, code = 0, consumed = true): TransactionResult => ({
  kind: 'transaction',
  transaction: id(n),
  code,
  consumed,
  height,
  index: 0,
  items: [],
});
const encoded = (...results: readonly TransactionResult[]): Uint8Array[] => results.map((r) => encode(resultCodec, r));
const make = (watchers = 10) => new Outcomes(0, { heights: 3, results: 100, watchers });
const nothing = { transaction: async () => undefined };
const signal = () => new AbortController().signal;
const collect = async (steps: AsyncIterable<Outcome>): Promise<Outcome[]> => {
  const all: Outcome[] = [];
  for await (const step of steps) all.push(step);
  return all;
};
/** Lets the follower get to its next wait. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('outcomes', () => {
  it('a result is final with its block and provable with the next', async () => {
    const outcomes = make();
    const steps = collect(followOutcome(id(1), { outcomes, storage: nothing, isPending: () => false }, signal()));
    await settle();
    outcomes.executed(1, 'commit', encoded(result(1, 1)));
    await settle();
    outcomes.executed(2, 'commit', []);
    expect((await steps).map((s) => s.provable)).toEqual([false, true]);
    expect(outcomes.watchers).toBe(0);
  });
  it('one that consumed nothing is told at once and is the last', async () => {
    const outcomes = make();
    const steps = collect(followOutcome(id(1), { outcomes, storage: nothing, isPending: () => false }, signal()));
    await settle();
    outcomes.executed(1, 'commit', encoded(result(1, 1, rejections.NonceGap.code, false)));
    const [only] = await steps;
    expect(only && outcomeError(only)).toMatchObject({ reason: 'NONCE_GAP', details: { consumed: 'false' } });
  });
  it('a repeat does not hide the first result, whether it is remembered here or by storage', async () => {
    const outcomes = make();
    outcomes.executed(1, 'commit', encoded(result(1, 1)));
    outcomes.executed(2, 'commit', encoded(result(1, 2, rejections.NonceTooLow.code, false)));
    expect(outcomes.find(id(1))).toMatchObject({ provable: true, result: { height: 1, code: 0 } });
    const later = make();
    later.executed(9, 'commit', encoded(result(1, 9, rejections.NonceTooLow.code, false)));
    const stored: Outcome = { result: result(1, 1), certificateKind: 'commit', provable: true };
    const steps = await collect(
      followOutcome(id(1), { outcomes: later, storage: { transaction: async () => stored }, isPending: () => false }, signal()),
    );
    expect(steps).toEqual([stored]);
  });
  it('given again after a refusal, the old refusal is no answer', () => {
    const outcomes = make();
    outcomes.executed(1, 'commit', encoded(result(1, 1, rejections.NonceGap.code, false), result(2, 1)));
    outcomes.reopen(id(1));
    outcomes.reopen(id(2));
    expect([outcomes.find(id(1)), outcomes.find(id(2))?.result.code]).toEqual([undefined, 0]);
  });
  it('what storage holds is answered without waiting; storage that is down is waited out', async () => {
    const outcomes = make();
    const stored: Outcome = { result: result(3, 1), certificateKind: 'commit', provable: true };
    expect(
      await collect(followOutcome(id(3), { outcomes, storage: { transaction: async () => stored }, isPending: () => false }, signal())),
    ).toEqual([stored]);
    const down = { transaction: () => Promise.reject(new Error('down')) };
    const steps = collect(followOutcome(id(4), { outcomes, storage: down, isPending: () => false }, signal()));
    await settle();
    outcomes.executed(1, 'commit', encoded(result(4, 1)));
    outcomes.executed(2, 'commit', []);
    expect((await steps).at(-1)?.provable).toBe(true);
  });
  it('a result of the newest block that was executed before this process began becomes provable with the next block', async () => {
    const outcomes = new Outcomes(7, { heights: 3, results: 100, watchers: 10 });
    const stored: Outcome = { result: result(5, 7), certificateKind: 'commit', provable: false };
    const parts = { outcomes, storage: { transaction: async () => stored }, isPending: () => false };
    const steps = collect(followOutcome(id(5), parts, signal()));
    const last = awaitOutcomes([id(5)], parts, signal());
    await settle();
    expect(outcomes.isDone(id(5))).toBe(true);
    outcomes.executed(8, 'commit', []);
    expect((await steps).map((s) => s.provable)).toEqual([false, true]);
    expect((await last).map((o) => o.provable)).toEqual([true]);
    expect(outcomes.watchers).toBe(0);
  });
  it('what storage said before the next block, and what arrives after it, is provable', async () => {
    const outcomes = new Outcomes(7, { heights: 3, results: 100, watchers: 10 });
    const said = Promise.withResolvers<Outcome>();
    const last = awaitOutcomes([id(5)], { outcomes, storage: { transaction: () => said.promise }, isPending: () => false }, signal());
    outcomes.executed(8, 'commit', []);
    said.resolve({ result: result(5, 7), certificateKind: 'commit', provable: false });
    expect((await last).map((o) => o.provable)).toEqual([true]);
  });
  it('too many waiting are refused, and a caller that leaves is forgotten', async () => {
    const outcomes = make(1);
    const leave = new AbortController();
    const first = collect(followOutcome(id(1), { outcomes, storage: nothing, isPending: () => false }, leave.signal));
    await settle();
    await expect(collect(followOutcome(id(2), { outcomes, storage: nothing, isPending: () => false }, signal()))).rejects.toMatchObject({
      reason: 'QUEUE_FULL',
    });
    leave.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(outcomes.watchers).toBe(0);
  });
  it('old results leave memory with their blocks', () => {
    const outcomes = make();
    for (let h = 1; h <= 10; h++) outcomes.executed(h, 'commit', encoded(result(h, h)));
    expect([outcomes.find(id(1)), outcomes.find(id(10))?.result.height]).toEqual([undefined, 10]);
  });
});

describe('lookups', () => {
  const stored = (n: number): Outcome => ({ result: result(n, 1), certificateKind: 'commit', provable: true });
  it('a storage that fails is asked again: what was executed long ago is in no block to come', async () => {
    let failures = 2;
    const storage = {
      async transaction(asked: string): Promise<Outcome | undefined> {
        if (failures-- > 0) throw new Error('down');
        return asked === id(1) ? stored(1) : undefined;
      },
    };
    const parts = () => ({ outcomes: make(), storage, isPending: () => false });
    expect(await awaitOutcomes([id(1)], parts(), signal())).toEqual([stored(1)]);
    failures = 2;
    expect(await collect(followOutcome(id(1), parts(), signal()))).toEqual([stored(1)]);
  });
  it('a refusal of a repeat is told only after storage has said that nothing came before it', async () => {
    let isDown = true;
    const storage = {
      async transaction(): Promise<Outcome | undefined> {
        if (isDown) throw new Error('down');
        return stored(1);
      },
    };
    const outcomes = make();
    const last = awaitOutcomes([id(1)], { outcomes, storage, isPending: () => true }, signal());
    const steps = collect(followOutcome(id(1), { outcomes, storage, isPending: () => true }, signal()));
    await settle();
    outcomes.executed(9, 'commit', encoded(result(1, 9, rejections.NonceTooLow.code, false)));
    await settle();
    isDown = false;
    expect([await last, await steps]).toEqual([[stored(1)], [stored(1)]]);
  });
  it('a thousand that nobody knows are few lookups at a time, none after the call has ended', async () => {
    const outcomes = make(1_000);
    let [now, most, all] = [0, 0, 0];
    const storage = {
      async transaction() {
        all++;
        most = Math.max(most, ++now);
        await settle();
        now--;
        return undefined;
      },
    };
    const leave = new AbortController();
    const parts = { outcomes, storage, isPending: () => false };
    const waiting = awaitOutcomes(
      Array.from({ length: 1_000 }, (_, n) => id(n)),
      parts,
      leave.signal,
    );
    for (let i = 0; i < 20; i++) await settle();
    leave.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await settle();
    const before = all;
    for (let i = 0; i < 20; i++) await settle();
    expect([all, most <= 8, outcomes.watchers]).toEqual([before, true, 0]);
  });
});

describe('what waits here to be ordered', () => {
  it('is asked of nobody; storage is asked of what is not known here', async () => {
    const outcomes = new Outcomes(10, { heights: 4, results: 100, watchers: 10 });
    const asked: string[] = [];
    const storage = {
      transaction: async (asks: string) => {
        asked.push(asks);
        return undefined;
      },
    };
    const parts = { outcomes, storage, isPending: (asks: string) => asks === id(1) };
    const both = awaitOutcomes([id(1), id(2)], parts, signal());
    await new Promise((resolve) => setImmediate(resolve));
    outcomes.executed(11, 'commit', encoded(result(1, 11), result(2, 11)));
    outcomes.executed(12, 'commit', []);
    expect((await both).map((o) => o.provable)).toEqual([true, true]);
    expect(asked).toEqual([id(2)]);
  });
});
