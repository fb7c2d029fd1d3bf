import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFromSeed } from '@bursar/client';
import { chainId, formatAccount, type Genesis, treasuryAccount, treasuryId } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { importOfRows, readPaymentFile } from '../src/csv/import-file.ts';
import { parseNotBefore } from '../src/csv/not-before.ts';
import { COLUMNS, readPayments } from '../src/csv/read-payments.ts';

const EUR = { code: 'EUR', exponent: 2 };
const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);
const account = formatAccount(keyFromSeed(Buffer.alloc(32, 7)).publicKey);
const head = COLUMNS.join(',');
const bytes = (...lines: string[]) => Buffer.from(`${[head, ...lines].join('\n')}\n`);
const row = (change: Partial<Record<(typeof COLUMNS)[number], string>> = {}) => {
  const cells = {
    client_key: 'k1',
    payee: 'Anna',
    department: 'Sales',
    account,
    amount: '12.50',
    memo: '',
    lane: '',
    depends_on: '',
    not_before: '',
    ...change,
  };
  return COLUMNS.map((c) => cells[c]).join(',');
};
const read = (...lines: string[]) => readPayments(bytes(...lines), EUR, NOW);

describe('a file that is right', () => {
  it('gives payments with base units, defaults and lines', () => {
    const found = read(
      row(),
      '',
      row({ client_key: 'k2', amount: '7', lane: 'industrial', depends_on: 'k1', not_before: '+8s', memo: '"one, ""two"""' }),
    );
    if (!found.ok) throw new Error(JSON.stringify(found.problems));
    expect(found.rows.map((r) => [r.line, r.payee, r.order.amount, r.order.lane, r.order.notBefore])).toEqual([
      [2, 'Anna', 1250n, 'consumer', 0],
      [4, 'Anna', 700n, 'industrial', NOW + 8_000],
    ]);
    expect(found.rows[1]?.order).toMatchObject({ dependsOn: ['k1'], memo: 'one, "two"' });
  });
  it('may begin with a byte order mark and end its lines as Windows does', () => {
    const text = `\ufeff${head}\r\n${row()}\r\n`;
    expect(readPayments(Buffer.from(text), EUR, NOW)).toMatchObject({ ok: true, rows: [{ line: 2 }] });
  });
});

const bad: [sentence: string, line: string, column: string | undefined, says: RegExp][] = [
  ['a sign', row({ amount: '-5' }), 'amount', /"-5" is no amount of EUR/],
  ['three decimals', row({ amount: '5.125' }), 'amount', /no amount/],
  ['a decimal comma', row({ amount: '"5,50"' }), 'amount', /no amount/],
  ['an exponent', row({ amount: '1e3' }), 'amount', /no amount/],
  ['zero', row({ amount: '0.00' }), 'amount', /no amount/],
  ['more than 64 bits', row({ amount: '184467440737095516.16' }), 'amount', /no amount/],
  ['no amount', row({ amount: '' }), 'amount', /no amount/],
  ['a mistyped account', row({ account: `${account.slice(0, -1)}${account.endsWith('q') ? 'p' : 'q'}` }), 'account', /no account/],
  ['no account', row({ account: '' }), 'account', /no account/],
  ['no key', row({ client_key: '' }), 'client_key', /empty/],
  ['a long key', row({ client_key: 'k'.repeat(129) }), 'client_key', /129 bytes/],
  ['a key with a character that nobody sees', row({ client_key: 'k\u200b1' }), 'client_key', /U\+200B/],
  ['a key in another normal form', row({ client_key: 'cafe\u0301' }), 'client_key', /normal form/],
  ['a key with a space inside quotes', row({ client_key: '" k1"' }), 'client_key', /begins or ends with a space/],
  ['a key with a semicolon', row({ client_key: 'a;b' }), 'client_key', /semicolon/],
  ['a dependency that nobody sees', row({ depends_on: 'a;\u200b' }), 'depends_on', /U\+200B/],
  ['digits of another script', row({ amount: '\u0661\u0662' }), 'amount', /no amount/],
  ['a second payment behind a carriage return', `${row({ memo: '"x"' })}\r${row({ client_key: 'lost' })}`, undefined, /control character/],
  ['an escape sequence', row({ memo: 'x\u001b[2J' }), undefined, /control character/],
  ['an unknown lane', row({ lane: 'express' }), 'lane', /no lane/],
  ['a long memo', row({ memo: 'm'.repeat(8_193) }), 'memo', /8193 bytes/],
  ['an empty dependency', row({ depends_on: 'a;;b' }), 'depends_on', /empty/],
  ['101 dependencies', row({ depends_on: Array.from({ length: 101 }, (_, i) => i).join(';') }), 'depends_on', /101/],
  ['a date without a zone', row({ not_before: '2026-12-24T08:00:00' }), 'not_before', /no time/],
  ['31 February', row({ not_before: '2027-02-31T08:00:00Z' }), 'not_before', /no time/],
  ['too few fields', 'k1,Anna', undefined, /has 2 fields instead of 9/],
  ['too many fields', `${row()},x`, undefined, /has 10 fields instead of 9/],
  ['an open quote', row({ memo: '"open' }), undefined, /not closed/],
  ['a quote in the middle', row({ memo: 'a"b' }), undefined, /quote/],
];

describe('a broken line', () => {
  it.each(bad)('%s is named with its line and column', (_, line, column, says) => {
    const found = read(row({ client_key: 'before' }), line, row({ client_key: 'after' }));
    if (found.ok) throw new Error('the file was read');
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toMatchObject({ line: 3, column });
    expect(found.problems[0]?.reason).toMatch(says);
    expect(found.problems[0]?.remedy).not.toBe('');
  });
  it('does not hide the next ones: all are listed, in order, also behind an open quote', () => {
    const found = read(
      row({ memo: '"open' }),
      row({ client_key: 'k2', amount: 'x' }),
      row({ client_key: 'k3' }),
      row({ client_key: 'k4', lane: 'y', account: 'z' }),
    );
    if (found.ok) throw new Error('the file was read');
    expect(found.problems.map((p) => [p.line, p.column])).toEqual([
      [2, undefined],
      [3, 'amount'],
      [5, 'account'],
      [5, 'lane'],
    ]);
  });
  it('that is no UTF-8 is named', () => {
    const broken = Buffer.concat([bytes(row()), Buffer.from([0xff, 0xfe, 10])]);
    expect(readPayments(broken, EUR, NOW)).toMatchObject({ ok: false, problems: [{ line: 3, reason: 'is not UTF-8 text' }] });
  });
  it('in the head, or no payment at all, refuses the file', () => {
    expect(readPayments(Buffer.from('a,b,c\n'), EUR, NOW)).toMatchObject({ ok: false, problems: [{ line: 1 }] });
    const joined = `"${COLUMNS[0]},${COLUMNS[1]}",${COLUMNS.slice(2).join()}\n${row()}\n`;
    expect(readPayments(Buffer.from(joined), EUR, NOW)).toMatchObject({ ok: false, problems: [{ line: 1 }] });
    expect(readPayments(Buffer.from(''), EUR, NOW)).toMatchObject({ ok: false, problems: [{ line: 1 }] });
    expect(read()).toMatchObject({ ok: false, problems: [{ line: 1 }] });
  });
});

describe('not_before', () => {
  const cases: [string, number | undefined][] = [
    ['', 0],
    ['+8s', NOW + 8_000],
    ['+15m', NOW + 900_000],
    ['+2h', NOW + 7_200_000],
    ['+1d', NOW + 86_400_000],
    ['+8', undefined],
    ['8s', undefined],
    ['+9999d', undefined],
    ['2026-12-24T08:00:00Z', Date.UTC(2026, 11, 24, 8)],
    ['2026-12-24T08:00Z', Date.UTC(2026, 11, 24, 8)],
    ['2026-12-24T08:00:00.5Z', Date.UTC(2026, 11, 24, 8, 0, 0, 500)],
    ['2026-12-24T08:00:00+01:00', Date.UTC(2026, 11, 24, 7)],
    ['2026-12-24T08:00:00-05:30', Date.UTC(2026, 11, 24, 13, 30)],
    ['2026-12-24', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-12-24T24:00:00Z', undefined],
    ['2026-12-24T08:60:00Z', undefined],
    ['2026-12-24T08:00:00+15:00', undefined],
    ['1969-12-31T23:59:59Z', undefined],
    ['0075-12-24T08:00:00Z', undefined],
    ['2126-12-24T08:00:00Z', undefined],
    ['2016-12-24T08:00:00Z', Date.UTC(2016, 11, 24, 8)],
    ['tomorrow', undefined],
  ];
  it.each(cases)('%j is %j', (text, expected) => expect(parseNotBefore(text, NOW)).toBe(expected));
});

describe('dependencies between lines', () => {
  const proposer = keyFromSeed(Buffer.alloc(32, 1)).publicKey;
  const genesis: Genesis = {
    version: 1,
    name: 't',
    incarnation: 0,
    time: 0,
    currency: EUR,
    validators: [],
    accounts: [],
    treasuries: [],
    shards: 1,
    leaseMs: 1_000,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  };
  const build = (file: Uint8Array, of = genesis) =>
    importOfRows('p.csv', readPaymentFile('p.csv', file, { genesis: of, treasury: 'payroll', nowMs: NOW, resolve: undefined }).rows, {
      chain: chainId(genesis),
      genesis: of,
      treasury: treasuryId('payroll'),
      proposer,
      firstNonce: 0n,
      nowMs: NOW,
      isKnown: () => false,
    });
  const violations = (file: Uint8Array, of = genesis): string[] => {
    try {
      build(file, of);
    } catch (e) {
      return (e as { violations: { field: string; description: string }[] }).violations.map((v) => `${v.field}: ${v.description}`);
    }
    return [];
  };
  it('are found missing, doubled or in a circle with the line that is at fault', () => {
    const file = bytes(
      row({ client_key: 'a', depends_on: 'b' }),
      row({ client_key: 'b', depends_on: 'a' }),
      row({ client_key: 'c', depends_on: 'ghost' }),
      row({ client_key: 'c' }),
    );
    const found = violations(file);
    expect(found.map((f) => f.split(':')[0])).toEqual(['line 5, client_key', 'line 4, depends_on', 'line 2, depends_on']);
    expect(found[2]).toContain('"a" → "b" → "a"');
  });
  it('may go to the account of a treasury, which no key owns', () => {
    const own = { ...genesis, treasuries: [{ name: 'savings' }] as unknown as Genesis['treasuries'] };
    const savings = bytes(row({ account: formatAccount(treasuryAccount(treasuryId('savings'))) }));
    expect(violations(savings, own)).toEqual([]);
    expect(violations(savings)[0]).toMatch(/^line 2, account: /);
  });
  it('a mistyped account that is well-formed but no key is named too', () => {
    expect(violations(bytes(row({ account: formatAccount('00'.repeat(32)) })))[0]).toMatch(/^line 2, account: /);
  });
  it('the example is right, has about 500 lines, 35 to 40 % of them due later, and one department per tax payment', () => {
    const file = readFileSync(join(import.meta.dirname, '../../../examples/payroll.csv'));
    const { built, rows } = build(file);
    expect(rows.length).toBe(500);
    const later = rows.filter((r) => (r.order.notBefore ?? 0) > 0).length / rows.length;
    expect(later).toBeGreaterThan(0.35);
    expect(later).toBeLessThan(0.4);
    const taxes = rows.filter((r) => r.order.clientKey.includes('/payroll-tax/'));
    expect(taxes).toHaveLength(8);
    for (const t of taxes) {
      const salaries = rows.filter((r) => r.department === t.department && r.order.clientKey.includes('/salary/'));
      expect([...(t.order.dependsOn ?? [])].sort()).toEqual(salaries.map((s) => s.order.clientKey).sort());
    }
    expect(built.total).toBeGreaterThan(0n);
  });
});
