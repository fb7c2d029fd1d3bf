import {
  ByteList,
  encode,
  encodeTransaction,
  fromHex,
  type Genesis,
  type Hex32,
  type Result,
  result,
  signedTransaction,
  treasuryAccount,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ledgerHandlers } from '../src/adapters/ledger-service.ts';
import { kindOf, peekTransfer } from '../src/core/peek.ts';
import { postingDetails } from '../src/core/posting-details.ts';
import { Postings } from '../src/core/postings.ts';
import { client, TestChain, TREASURY, testKey } from './support/chain.ts';
import { payroll } from './support/payroll.ts';
import { openStore } from './support/store.ts';

const hex = (n: number): Hex32 => n.toString(16).padStart(64, '0');
const transfer = (from: Hex32, to: Hex32, amount: bigint, memo = ''): Uint8Array => {
  const body = encodeTransaction({ chain: hex(9), signer: from, nonce: 0n, action: { kind: 'transfer', to, amount, memo } });
  return encode(signedTransaction, { body, signature: new Uint8Array(64) });
};
const done = (code = 0): Result => ({ kind: 'transaction', transaction: hex(1), code, consumed: true, height: 1, index: 0, items: [] });
const paid = (from: Hex32, to: Hex32, amount: bigint): Result => ({
  kind: 'payment',
  disbursement: hex(2),
  bodyHash: hex(3),
  policy: hex(6),
  import: hex(4),
  from,
  to,
  amount,
  height: 1,
  time: 1,
  transaction: hex(5),
  leaseEpoch: 1n,
  seq: 1n,
  attempt: 0,
});
/** As the ledger gives them, and entries as a batch has them. */
const list = (results: readonly Result[]): ByteList => ByteList.from(results.map((r) => encode(result, r)));
const entries = (...all: readonly Uint8Array[]) => all.map((transaction) => ({ transaction }));
const genesis = { accounts: [1, 2, 3].map((n) => ({ id: hex(n), balance: 1_000_000n })) } as unknown as Genesis;

it('reads a transfer off its bytes as the decoder does', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.string({ maxLength: 50 }), (from, to, amount, memo) => {
      const bytes = transfer(hex(from), hex(to), amount, memo);
      const inBatch = new Uint8Array(bytes.length + 3);
      inBatch.set(bytes, 3); // a view of something longer, as in a batch
      expect(kindOf(bytes)).toBe('transfer');
      expect(peekTransfer(inBatch.subarray(3))).toEqual({ from: hex(from), to: hex(to), amount });
    }),
  );
});

describe('Postings', () => {
  it('holds nothing of what was refused, and both sides of an account that pays itself', () => {
    const postings = new Postings(genesis);
    postings.add(10, entries(transfer(hex(1), hex(2), 5n), transfer(hex(1), hex(1), 7n)), list([done(7002), done()]));
    expect(postings.page(hex(2), 0, 9, 9)).toEqual({ opening: 1_000_000n, postings: [], first: 0, more: false });
    expect(postings.page(hex(1), 0, 9, 9).postings).toEqual([
      { height: 1, index: 1, credit: false, amount: 7n, balance: 999_993n },
      { height: 1, index: 1, credit: true, amount: 7n, balance: 1_000_000n },
    ]);
  });

  it('knows an account that it never saw as one without money', () => {
    const postings = new Postings(genesis);
    expect([postings.placeFrom(hex(8), 0), postings.page(hex(8), 3, 9, 9)]).toEqual([
      0,
      { opening: 0n, postings: [], first: 0, more: false },
    ]);
  });

  it('pages of any period hold what a list of everything holds', () => {
    const move = fc.record({
      from: fc.integer({ min: 1, max: 4 }),
      to: fc.integer({ min: 1, max: 4 }),
      amount: fc.integer({ min: 1, max: 9 }),
    });
    const blocks = fc.array(fc.record({ wait: fc.integer({ min: 1, max: 5 }), moves: fc.array(move, { maxLength: 4 }) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(blocks, fc.nat({ max: 160 }), fc.nat({ max: 160 }), fc.integer({ min: 1, max: 5 }), (made, a, b, limit) => {
        const [from, until] = [Math.min(a, b), Math.max(a, b)];
        const postings = new Postings({ accounts: genesis.accounts });
        const balances = new Map([1, 2, 3, 4].map((n) => [n, n === 4 ? 0n : 1_000_000n]));
        const all: { time: number; account: number; credit: boolean; amount: bigint; balance: bigint }[] = [];
        let time = 0;
        for (const { wait, moves } of made) {
          time += wait;
          const known = moves.filter((m) => m.from !== 4); // it has nothing to begin with
          const post = (account: number, credit: boolean, amount: bigint): void => {
            const balance = (balances.get(account) as bigint) + (credit ? amount : -amount);
            balances.set(account, balance);
            all.push({ time, account, credit, amount, balance });
          };
          for (const m of known) {
            post(m.from, false, BigInt(m.amount));
            post(m.to, true, BigInt(m.amount));
          }
          const [transfers, payments] = [known.filter((_, i) => i % 2 === 0), known.filter((_, i) => i % 2 === 1)];
          const results = known.map((m, i) => (i % 2 === 0 ? done() : paid(hex(m.from), hex(m.to), BigInt(m.amount))));
          expect(transfers.length + payments.length).toBe(results.length);
          postings.add(time, entries(...transfers.map((m) => transfer(hex(m.from), hex(m.to), BigInt(m.amount)))), list(results));
        }
        for (const account of [1, 2, 3, 4]) {
          const wanted = all.filter((p) => p.account === account && p.time >= from && p.time < until);
          const before = all.filter((p) => p.account === account && p.time < from).at(-1)?.balance ?? (account === 4 ? 0n : 1_000_000n);
          const [first, end] = [postings.placeFrom(hex(account), from), postings.placeFrom(hex(account), until)];
          const found: object[] = [];
          let opening = before;
          for (let at = first; ; ) {
            const page = postings.page(hex(account), at, end, limit);
            expect(page.opening).toBe(opening);
            for (const { height, credit, amount, balance } of page.postings) {
              found.push({ time: postings.timeOf(height), account, credit, amount, balance });
              opening = balance;
            }
            at += page.postings.length;
            if (!page.more) break;
          }
          expect(found).toEqual(wanted);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('goes over the end of a column', () => {
    const postings = new Postings(genesis);
    const transfers = Array.from({ length: 40_000 }, () => transfer(hex(1), hex(2), 1n));
    postings.add(1, entries(...transfers), list(transfers.map(() => done())));
    const [last] = postings.page(hex(2), 39_999, 50_000, 10).postings;
    expect(last).toEqual({ height: 1, index: 39_999, credit: true, amount: 1n, balance: 1_040_000n });
  });
});

it('a page ends where its blocks get long, and has at least one posting', async () => {
  const chain = new TestChain();
  const { blocks } = payroll(chain);
  const { store, commit } = await openStore(chain);
  for (const one of blocks) await commit(one);
  const { postings } = store.postings.page(treasuryAccount(TREASURY), 0, 99, 99);
  expect(postings).toHaveLength(5);
  const long = async (height: number) => ({
    ...(await store.read(height)),
    batches: [...(await store.read(height)).batches, new Uint8Array(2 ** 24)],
  });
  expect(await postingDetails(postings, long)).toHaveLength(1); // the next one stands in another block
});

describe('ListPostings', () => {
  // biome-ignore lint/suspicious/noExplicitAny: the tests read replies of all kinds
  type Answer = Record<string, any>;
  async function served() {
    const chain = new TestChain();
    const made = payroll(chain);
    const opened = await openStore(chain);
    for (const one of made.blocks) await opened.commit(one);
    const service = ledgerHandlers(opened.store, chain.genesis);
    const list = (account: Hex32, more: object = {}, of = service): Promise<Answer> =>
      of.listPostings({ account: fromHex(account), fromMs: 0n, untilMs: 0n, pageSize: 0, pageToken: '', ...more } as never, {} as never);
    return { chain, ...made, ...opened, list };
  }
  const own = treasuryAccount(TREASURY);

  it('tells what was moved, by whom, why, and the balance after it', async () => {
    const { list, imported, fundId, payId, chain } = await served();
    const { postings, ...rest } = await list(own);
    expect(rest).toEqual({ nextPageToken: '', opening: 0n, balance: 99_594n, height: 6n, timeMs: BigInt(chain.ledger.time) });
    expect(postings[0]).toEqual({
      number: 1n,
      height: 1n,
      timeMs: 1_700_000_001_000n,
      index: 0,
      credit: true,
      amount: 100_000n,
      balance: 100_000n,
      counterparty: fromHex(client.id),
      transactionId: fromHex(fundId),
      memo: 'funds',
    });
    expect(postings[2]).toEqual({
      number: 3n,
      height: 5n,
      timeMs: 1_700_000_005_000n,
      index: 2,
      credit: false,
      amount: 101n,
      balance: 99_799n,
      counterparty: fromHex(testKey('payee-salary-1').id),
      transactionId: fromHex(payId),
      memo: 'salary salary-1',
      payment: { disbursement: fromHex(imported.ids[1] as string), import: fromHex(imported.digest), clientKey: 'salary-1' },
    });
    expect(postings.map((p: Answer) => p['balance'])).toEqual([100_000n, 99_900n, 99_799n, 99_697n, 99_594n]);
    const payee = await list(testKey('payee-salary-1').id);
    expect(payee['postings']).toMatchObject([{ number: 1n, credit: true, amount: 101n, balance: 101n, counterparty: fromHex(own) }]);
  });

  it('goes page by page, within a period, and to the same answer after a replay', async () => {
    const { list, log, chain } = await served();
    const first = await list(own, { pageSize: 2 });
    const second = await list(own, { pageSize: 2, pageToken: first['nextPageToken'] });
    expect([first, second].map((p) => [p['opening'], p['postings'].map((x: Answer) => x['number']), p['nextPageToken']])).toEqual([
      [0n, [1n, 2n], '2'],
      [99_900n, [3n, 4n], '4'],
    ]);
    const from = await list(own, { fromMs: 1_700_000_001_001n });
    expect([from['opening'], from['postings'].length]).toEqual([100_000n, 4]);
    const until = await list(own, { untilMs: 1_700_000_005_000n });
    expect([until['opening'], until['postings'].length, until['balance']]).toEqual([0n, 1, 99_594n]);
    const none = await list(own, { fromMs: 1_800_000_000_000n });
    expect([none['opening'], none['postings']]).toEqual([99_594n, []]);
    const again = ledgerHandlers((await openStore(chain, log.afterCrash())).store, chain.genesis);
    expect(await list(own, {}, again)).toEqual(await list(own));
  });

  const wrong: [sentence: string, account: Hex32, request: object, reason: string][] = [
    ['an account that is not there', hex(7), {}, 'UNKNOWN_ACCOUNT'],
    ['a period that ends before it begins', own, { fromMs: 9n, untilMs: 8n }, 'FIELD_INVALID'],
    ['a page token that it never gave', own, { pageToken: '-1' }, 'FIELD_INVALID'],
  ];
  it.each(wrong)('refuses %s', async (_, account, request, reason) => {
    const { list } = await served();
    await expect(list(account, request)).rejects.toMatchObject({ reason });
  });
});
