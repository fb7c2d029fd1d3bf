import type { Connection } from '@bursar/client';
import { formatAccount, fromHex, MAX_AMOUNT } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { camt053, camt053Problem } from '../src/statement/camt053.ts';
import { type STATEMENT_COLUMNS, statementCsv } from '../src/statement/csv.ts';
import { periodEdge } from '../src/statement/period.ts';
import { type Entry, fetchStatement, type Statement, statementProblem, totalsOf } from '../src/statement/statement.ts';
import { schemaErrors } from './support/schemas.ts';

const EUR = { code: 'EUR', exponent: 2 };
const START = Date.UTC(2026, 10, 1);
const NOW = Date.UTC(2026, 10, 21);
const [account, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
const PAYMENT = { disbursement: '11'.repeat(32), import: '22'.repeat(32), clientKey: 'salary-1' };

/** Entries that add up, from moves: positive ones are received. */
function statementOf(opening: bigint, moves: readonly bigint[], more: Partial<Entry> = {}): Statement {
  let balance = opening;
  const entries = moves.map((move, i): Entry => {
    balance += move;
    return {
      number: i + 5,
      height: 10 + i,
      index: i,
      timeMs: START + i * 1_000,
      credit: move > 0n,
      amount: move > 0n ? move : -move,
      balance,
      counterparty: other,
      transaction: '33'.repeat(32),
      memo: `memo ${i}`,
      payment: move > 0n ? undefined : PAYMENT,
      ...more,
    };
  });
  return { account, fromMs: START, untilMs: NOW, opening, closing: balance, entries, height: 99, timeMs: NOW };
}
const three = statementOf(1_000n, [500n, -200n, -100n]);
const withEntry = (i: number, change: Partial<Entry>): Statement => ({
  ...three,
  entries: three.entries.map((e, at) => (at === i ? { ...e, ...change } : e)),
});

describe('a statement that does not add up', () => {
  const cases: [sentence: string, statement: Statement, says: RegExp | undefined][] = [
    ['three entries that do', three, undefined],
    ['no entries and one balance', statementOf(7n, []), undefined],
    ['no entries and two balances', { ...statementOf(7n, []), closing: 8n }, /lead to 7, the balance is 8/],
    ['another amount', withEntry(1, { amount: 201n }), /entry 6 leaves 1299, the ledger says 1300/],
    ['another balance after an entry', withEntry(1, { balance: 1_301n }), /entry 6/],
    ['the other direction', withEntry(0, { credit: false }), /entry 5/],
    ['an entry of nothing', withEntry(0, { amount: 0n, balance: 1_000n }), /entry 5/],
    ['a number left out', withEntry(2, { number: 8 }), /entry 7 is missing/],
    ['an entry before the period', withEntry(0, { timeMs: START - 1 }), /not in its place/],
    ['an entry behind the period', withEntry(2, { timeMs: NOW }), /not in its place/],
    ['entries out of order', withEntry(1, { timeMs: START + 5_000 }), /entry 7 is not in its place/],
    ['another closing balance', { ...three, closing: 1_201n }, /lead to 1200, the balance is 1201/],
  ];
  it.each(cases)('%s', (_, statement, says) => {
    const found = statementProblem(statement);
    if (says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(says);
  });
});

describe('a statement from a ledger', () => {
  /** Answers as storage does, two postings a page; `lie` changes an answer on its way. */
  function ledgerOf(
    entries: readonly Entry[],
    opening: bigint,
    tipMs: number,
    lie: (page: Record<string, unknown>, call: number) => object = (p) => p,
  ) {
    const asked: { fromMs: number; untilMs: number; token: string }[] = [];
    const ledger = {
      listPostings: async ({
        fromMs,
        untilMs,
        pageSize,
        pageToken,
      }: {
        fromMs: bigint;
        untilMs: bigint;
        pageSize: number;
        pageToken: string;
      }) => {
        asked.push({ fromMs: Number(fromMs), untilMs: Number(untilMs), token: pageToken });
        const before = (ms: number) => entries.filter((e) => e.timeMs < ms).length;
        const first = pageToken === '' ? before(Number(fromMs)) : Number(pageToken);
        const end = untilMs === 0n ? entries.length : before(Number(untilMs));
        const shown = entries.slice(first, Math.min(end, first + Math.min(pageSize, 2)));
        const page = {
          postings: shown.map((e) => ({
            ...e,
            number: BigInt(e.number),
            height: BigInt(e.height),
            timeMs: BigInt(e.timeMs),
            counterparty: fromHex(e.counterparty),
            transactionId: fromHex(e.transaction),
            payment: e.payment && {
              disbursement: fromHex(e.payment.disbursement),
              import: fromHex(e.payment.import),
              clientKey: e.payment.clientKey,
            },
          })),
          nextPageToken: first + shown.length < end ? String(first + shown.length) : '',
          opening: entries[first - 1]?.balance ?? opening,
          balance: entries.at(-1)?.balance ?? opening,
          height: 99n,
          timeMs: BigInt(tipMs),
        };
        return lie(page, asked.length);
      },
    };
    return { asked, connection: { read: (ask: (l: unknown) => unknown) => ask(ledger), saw: () => {} } as unknown as Connection };
  }
  const five = statementOf(1_000n, [500n, -200n, -100n, 40n, -1n]);

  it('has every entry up to the block that answered first, over pages', async () => {
    const { connection, asked } = ledgerOf(five.entries, 1_000n, NOW);
    const found = await fetchStatement(connection, account, START, Number.MAX_SAFE_INTEGER);
    expect(found).toEqual({ ...five, untilMs: NOW + 1 });
    expect(asked.map((a) => [a.untilMs, a.token])).toEqual([
      [Number.MAX_SAFE_INTEGER, ''],
      [NOW + 1, '2'],
      [NOW + 1, '4'],
    ]);
  });
  it('ends with its period, and with the balance that the next one begins with', async () => {
    const { connection, asked } = ledgerOf(five.entries, 1_000n, NOW);
    const found = await fetchStatement(connection, account, START + 1_000, START + 3_000);
    expect(found).toMatchObject({ opening: 1_500n, closing: 1_200n, untilMs: START + 3_000 });
    expect(found.entries).toEqual(five.entries.slice(1, 3));
    expect(asked.at(-1)).toMatchObject({ fromMs: START + 3_000 });
  });
  const lies: [sentence: string, lie: (page: Record<string, unknown>, call: number) => object][] = [
    ['a balance that is not where the entries lead', (page) => ({ ...page, balance: 1n })],
    ['pages that end early', (page, call) => (call === 2 ? { ...page, nextPageToken: '' } : page)],
    ['pages without an end', (page, call) => (call > 1 ? { ...page, postings: [], nextPageToken: '2' } : page)],
    ['another opening balance', (page) => ({ ...page, opening: 999n })],
  ];
  it.each(lies)('is refused for %s', async (_, lie) => {
    const { connection } = ledgerOf(five.entries, 1_000n, NOW, lie);
    await expect(fetchStatement(connection, account, START, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
      reason: 'STATEMENT_INVALID',
    });
  });
});

const move = fc.bigInt({ min: -1_000_000n, max: 1_000_000n }).filter((m) => m !== 0n);
const moves = fc.array(move, { maxLength: 8 });
const anyText = fc.string({ unit: 'binary', maxLength: 300 });

describe('camt.053', () => {
  it('is valid by its schema and adds up, whatever the memos hold', async () => {
    const samples = fc.sample(fc.tuple(moves, anyText, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })), {
      numRuns: 60,
      seed: 7,
    });
    const statements = samples.map(([made, memo, clientKey]) =>
      statementOf(10_000_000n, made, { memo, payment: { ...PAYMENT, clientKey } }),
    );
    const xmls = [...statements, three, statementOf(0n, [])].map((s) => [...camt053(s, EUR, 'payroll & sons')].join(''));
    for (const errors of await schemaErrors('camt.053.001.08', ...xmls)) expect(errors).toEqual([]);
    for (const [i, s] of statements.entries()) {
      const [, opening = '', closing = ''] =
        /<Cd>OPBD.*?<Amt Ccy="EUR">([\d.]+).*?<Cd>CLBD.*?<Amt Ccy="EUR">([\d.]+)/s.exec(xmls[i] ?? '') ?? [];
      const units = (text: string): bigint => BigInt(text.replace('.', ''));
      const booked = [...(xmls[i] ?? '').matchAll(/<Ntry>.*?<Amt Ccy="EUR">([\d.]+)<\/Amt>\s*<CdtDbtInd>(CRDT|DBIT)/gs)];
      const sum = booked.reduce((total, [, amount = '', way]) => total + (way === 'CRDT' ? units(amount) : -units(amount)), 0n);
      expect([booked.length, units(opening) + sum]).toEqual([s.entries.length, units(closing)]);
    }
  });
  it('names payments by their keys, and by all of a key that is too long for EndToEndId', () => {
    const xml = [...camt053(statementOf(1_000n, [-1n, -2n], { payment: PAYMENT }), EUR, undefined)].join('');
    expect(xml).toContain('<EndToEndId>salary-1</EndToEndId>');
    expect(xml).toContain(`disbursement=${PAYMENT.disbursement} import=${PAYMENT.import} transaction=`);
    const long = [...camt053(statementOf(1_000n, [-1n], { payment: { ...PAYMENT, clientKey: 'k'.repeat(128) } }), EUR, undefined)].join('');
    expect(long).toContain('<EndToEndId>NOTPROVIDED</EndToEndId>');
    expect(long).toContain(`client_key=${'k'.repeat(128)} transaction=`);
    expect(xml).toContain(`<Nm>${formatAccount(other)}</Nm>`);
  });
  const networks: [sentence: string, currency: typeof EUR, statement: Statement, says: RegExp | undefined][] = [
    ['three letters and two decimals', EUR, three, undefined],
    ['a currency of five letters', { code: 'BLOCK', exponent: 2 }, three, /BLOCK/],
    ['six decimals', { code: 'EUR', exponent: 6 }, three, /6 decimals/],
    ['amounts of 19 digits', EUR, statementOf(MAX_AMOUNT - 1n, []), /18 digits/],
  ];
  it.each(networks)('is made for %s, or says why not', (_, currency, statement, says) => {
    const found = camt053Problem(statement, currency);
    if (says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(says);
  });
});

describe('CSV', () => {
  it('has a record for each entry between two balances, and reads back as it was', () => {
    fc.assert(
      fc.property(moves, fc.stringMatching(/^[a-z" ,;é]{0,20}$/), (made, memo) => {
        const statement = statementOf(10_000_000n, made, { memo });
        const rows = parse([...statementCsv(statement, EUR)].join(''), { columns: true }) as Record<
          (typeof STATEMENT_COLUMNS)[number],
          string
        >[];
        const [opening, closing] = [rows[0], rows.at(-1)];
        expect([opening?.kind, opening?.balance, closing?.kind]).toEqual(['opening', '100000.00', 'closing']);
        const units = (text = ''): bigint => BigInt(text.replace('.', '') || '0');
        const entries = rows.slice(1, -1);
        expect(entries.map((r) => [units(r.credit) - units(r.debit), r.memo])).toEqual(made.map((m) => [m, memo]));
        const { credited, debited } = totalsOf(statement.entries);
        expect(units(opening?.balance) + credited - debited).toBe(units(closing?.balance));
      }),
    );
  });
  it('lets no memo of a stranger become a formula or a line of its own', () => {
    const text = [...statementCsv(statementOf(0n, [5n], { memo: '=HYPERLINK("http://x")' }), EUR)].join('');
    expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
    const broken = [...statementCsv(statementOf(0n, [5n], { memo: 'a\nclosing,9' }), EUR)].join('');
    expect(broken.trimEnd().split('\n')).toHaveLength(4);
  });
});

describe('an edge of a period', () => {
  const cases: [text: string, edge: 'from' | 'to', ms: number | undefined][] = [
    ['2026-11-01', 'from', START],
    ['2026-11-01', 'to', START + 86_400_000],
    ['2026-11-01T12:00:00+01:00', 'from', START + 11 * 3_600_000],
    ['2026-11-01T12:00Z', 'to', START + 12 * 3_600_000],
    ['2026-11-01T12:00:00', 'to', undefined],
    ['2026-02-30', 'from', undefined],
    ['', 'from', undefined],
    ['+1d', 'to', undefined],
  ];
  it.each(cases)('%j as %s is %j', (text, edge, ms) => expect(periodEdge(text, edge, NOW)).toBe(ms));
});
