import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFromSeed } from '@bursar/client';
import { formatAccount, type Genesis, limits, treasuryId } from '@bursar/protocol';
import { BursarError } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { importOfRows, readPaymentFile } from '../src/csv/import-file.ts';
import { COLUMNS, readPayments } from '../src/csv/read-payments.ts';
import { accountParts, isIban } from '../src/iso20022/accounts.ts';
import { isSum, parseXmlAmount, xmlAmount } from '../src/iso20022/decimal.ts';
import {
  account,
  changed,
  changedFirst,
  context,
  EUR,
  NOW,
  other,
  own,
  pain001,
  payee,
  read,
  type TestPayment,
  TWO,
  VERSIONS,
} from './support/pain001.ts';
import { root } from './support/program.ts';
import { schemaErrors } from './support/schemas.ts';

const rowsOf = (text: string) => {
  const found = read(text);
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  return found.rows;
};
const orders = (text: string) => rowsOf(text).map((r) => r.order);

describe.each(VERSIONS)('pain.001.001.%s that is right', (version) => {
  it('gives payments with keys, base units, dates, payees and lines', () => {
    const text = pain001(version, TWO);
    const rows = rowsOf(text);
    const lines = text.split('\n');
    expect(rows.map((r) => [lines[r.line - 1], lines[(r.lines?.['client_key'] ?? 0) - 1], r.payee])).toEqual([
      ['<CdtTrfTxInf>', '<EndToEndId>a</EndToEndId>', 'Anna'],
      ['<CdtTrfTxInf>', '<EndToEndId>b</EndToEndId>', 'Bob'],
    ]);
    const order = { lane: 'consumer', dependsOn: [], notBefore: Date.UTC(2026, 11, 24) };
    expect(rows.map((r) => r.order)).toEqual([
      { ...order, clientKey: 'a', destination: account, amount: 1250n, memo: 'Invoice 1' },
      {
        ...order,
        clientKey: 'b',
        destination: other,
        amount: 700n,
        memo: '',
        ...(version === '09' && { notBefore: Date.UTC(2026, 11, 24, 7) }),
      },
    ]);
  });
  it('is valid by its schema, as is the example', async () => {
    const example = readFileSync(join(root, 'examples', 'invoices.pain.001.xml'), 'utf8');
    expect(await schemaErrors(`pain.001.001.${version}`, pain001(version, TWO), ...(version === '09' ? [example] : []))).toEqual(
      version === '09' ? [[], []] : [[]],
    );
    if (version === '09')
      expect(orders(example).map((o) => [o.clientKey, o.amount])).toEqual([
        ['INV-2026-4711', 490n],
        ['INV-2026-4712', 50n],
        ['RENT-2035-01', 750n],
      ]);
  });
});

type Good = [sentence: string, change: string, expected: object];
const otherParts = accountParts(other);
const good: Good[] = [
  ['zeros and blanks around an amount', 'EUR">12.50< ⇒ EUR"> 0012.5000 <', { amount: 1250n }],
  ['the whole account in Othr/Id alone', `${payee} ⇒ <Id><Othr><Id>${otherParts.name}</Id></Othr></Id>`, { destination: other }],
  [
    'a reference that is known',
    `${payee} ⇒ <Id><Othr><Id>known</Id></Othr></Id>`,
    { destination: other, payee: { name: 'Bob', version: 3 } },
  ],
  [
    'an IBAN that is known (03)',
    `${payee} ⇒ <Id><IBAN>GB82WEST12345698765432</IBAN></Id>`,
    { destination: other, payee: { name: 'Bob', version: 3 } },
  ],
  [
    'the account of the treasury as debtor',
    `<DbtrAcct><Id><Othr><Id>payroll</Id></Othr></Id> ⇒ <DbtrAcct><Id><Othr><Id>${accountParts(own).id}</Id></Othr></Id><Nm>${accountParts(own).name}</Nm>`,
    {},
  ],
  [
    'another name of the debtor, which goes into the memo',
    '<Dbtr><Nm>payroll</Nm></Dbtr> ⇒ <Dbtr><Nm>Example AG</Nm></Dbtr>',
    { memo: 'Invoice 1 | PmtInf/Dbtr/Nm=Example AG' },
  ],
  [
    'a reference that is known and its account',
    `${payee} ⇒ <Id><Othr><Id>known</Id></Othr></Id><Nm>${otherParts.name}</Nm>`,
    { destination: other, payee: { name: 'Bob', version: 3 }, memo: 'Invoice 1' },
  ],
  ['a date with a zone (03)', '2026-12-24< ⇒ 2026-12-24+01:00<', { notBefore: Date.UTC(2026, 11, 23, 23) }],
  [
    'an instant with parts of a millisecond',
    '<Dt>2026-12-24</Dt> ⇒ <DtTm>2026-12-24T08:00:00.123456Z</DtTm>',
    { notBefore: Date.UTC(2026, 11, 24, 8, 0, 0, 123) },
  ],
  ['several texts', '<Ustrd>Invoice 1</Ustrd> ⇒ <Ustrd>one\n  two</Ustrd><Ustrd>three</Ustrd>', { memo: 'one two / three' }],
  [
    'a structured reference',
    '<Ustrd>Invoice 1</Ustrd> ⇒ <Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd>',
    { memo: 'RmtInf/Strd/CdtrRefInf/Ref=RF18' },
  ],
  ['a purpose', '<RmtInf> ⇒ <Purp><Cd>SALA</Cd></Purp><RmtInf>', { memo: 'Invoice 1 | Purp/Cd=SALA' }],
  ['an instruction id', '<EndToEndId>a ⇒ <InstrId>i1</InstrId><EndToEndId>a', { memo: 'Invoice 1 | PmtId/InstrId=i1' }],
  [
    'an element that no schema knows, with an attribute',
    '<RmtInf> ⇒ <Xtra Ccy="USD">9.99</Xtra><RmtInf>',
    { amount: 1250n, memo: 'Invoice 1 | Xtra@Ccy=USD | Xtra=9.99' },
  ],
  [
    'elements of others in SplmtryData',
    '<RmtInf> ⇒ <SplmtryData><Envlp><x:note xmlns:x="urn:x"><x:a>1</x:a></x:note></Envlp></SplmtryData><RmtInf>',
    { memo: 'Invoice 1 | SplmtryData/Envlp/note/a=1' },
  ],
  [
    'SplmtryData behind all payments',
    '</CstmrCdtTrfInitn> ⇒ <SplmtryData><Envlp>e</Envlp></SplmtryData></CstmrCdtTrfInitn>',
    { memo: 'Invoice 1 | SplmtryData/Envlp=e' },
  ],
  [
    'what the header of the group says',
    '<InitgPty></InitgPty> ⇒ <InitgPty><Nm>ERP</Nm></InitgPty>',
    { memo: 'Invoice 1 | GrpHdr/InitgPty/Nm=ERP' },
  ],
  ['a prefix for the namespace (03)', '<Document xmlns= ⇒ <Document xmlns:p="urn:none" xmlns=', { clientKey: 'a' }],
  ['attributes of elements that are read', '<RmtInf><Ustrd> ⇒ <RmtInf kind="x"><Ustrd>', { memo: 'Invoice 1 | RmtInf@kind=x' }],
  ['CDATA and entities of XML', 'Invoice 1 ⇒ <![CDATA[A & B]]> &lt;&#67;&gt;', { memo: 'A & B <C>' }],
  ['comments and processing instructions', '<PmtId> ⇒ <!-- x --><?y z?><PmtId>', { clientKey: 'a' }],
  ['lines that end as on Windows', '</MsgId>\n ⇒ </MsgId>\r\n', { clientKey: 'a' }],
  ['a byte order mark', '<?xml ⇒ \ufeff<?xml', { clientKey: 'a' }],
];
describe('it may have', () => {
  it.each(good)('%s', (sentence, change, expected) => {
    const [first] = orders(changedFirst(sentence, change).text);
    expect(first).toMatchObject({ clientKey: 'a', destination: account, amount: 1250n, ...expected });
  });
});

describe('the memo', () => {
  const withMore = (more: string, text = 'Invoice 1') =>
    orders(pain001('09', [{ date: '2026-12-24', transfers: [{ key: 'a', amount: 1n, account, text, more }] }]))[0]?.memo ?? '';
  it('ends with the number and the hash of what does not fit, whole items before it', () => {
    const more = Array.from({ length: 30 }, (_, i) => `<Dbtr${i}>${'x'.repeat(60)}</Dbtr${i}>`).join('');
    const memo = withMore(more);
    expect(Buffer.byteLength(memo)).toBeLessThanOrEqual(limits.memo);
    const [, kept, left] = /^Invoice 1((?: \| Dbtr\d+=x{60})+) \| \+(\d+) sha256:[0-9a-f]{64}$/.exec(memo) ?? [];
    expect(kept?.split(' | ').length).toBe(31 - Number(left));
    expect(withMore(more)).toBe(memo);
    expect(withMore(more.replace('x</Dbtr29>', 'y</Dbtr29>'))).not.toBe(memo);
  });
  it('never cuts the text for the payee', () => {
    expect(withMore('', 'x'.repeat(limits.memo))).toHaveLength(limits.memo);
    expect(() => withMore('<Purp><Cd>SALA</Cd></Purp>', 'x'.repeat(limits.memo))).toThrow(/90 fewer/);
  });
});

describe('amounts', () => {
  it('go to text and back unchanged, whatever zeros are put around them', () => {
    const zeros = fc.integer({ min: 0, max: 3 }).map((n) => '0'.repeat(n));
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: 0, max: 18 }),
        zeros,
        zeros,
        (units, exponent, before, behind) => {
          const text = xmlAmount(units, exponent);
          expect(parseXmlAmount(`${before}${text}${exponent === 0 ? '' : behind}`, exponent)).toBe(units);
          expect([isSum(text, units, exponent), isSum(text, units + 1n, exponent)]).toEqual([true, false]);
        },
      ),
    );
  });
});

describe('an IBAN', () => {
  it.each(['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'CH9300762011623852957', 'NO9386011117947'])(
    '%s is one, and with any other digit none',
    (iban) => {
      expect(isIban(iban)).toBe(true);
      for (let i = 4; i < iban.length; i++) {
        const c = iban[i] as string;
        const wrong = /\d/.test(c) ? String((Number(c) + 1) % 10) : c === 'A' ? 'B' : 'A';
        expect(isIban(iban.slice(0, i) + wrong + iban.slice(i + 1))).toBe(false);
      }
    },
  );
  it.each(['', 'DE89', 'de89370400440532013000', 'DE89 3704 0044 0532 0130 00'])('%j is none', (text) => expect(isIban(text)).toBe(false));
});

describe('a generated message', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 .&<>"'äß-]{0,18}[A-Za-z0-9]$/);
  const transfer = fc.record({
    amount: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    payee: word,
    text: word,
    seed: fc.integer({ min: 1, max: 9 }),
  });
  const groups = fc.array(
    fc.record({ day: fc.integer({ min: 0, max: 300 }), transfers: fc.array(transfer, { minLength: 1, maxLength: 4 }) }),
    { minLength: 1, maxLength: 4 },
  );
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  it('gives the same rows as its CSV', () => {
    fc.assert(
      fc.property(groups, fc.constantFrom(...VERSIONS), (made, version) => {
        let n = 0;
        const payments = made.map(
          ({ day, transfers }): TestPayment => ({
            date: new Date(NOW + day * 86_400_000).toISOString().slice(0, 10),
            transfers: transfers.map(({ seed, ...t }) => ({
              ...t,
              key: `key-${n++}`,
              account: keyFromSeed(Buffer.alloc(32, seed)).publicKey,
            })),
          }),
        );
        const csv = payments.flatMap(({ date, transfers }) =>
          transfers.map((t) =>
            [
              t.key,
              quoted(t.payee ?? ''),
              '',
              formatAccount(t.account ?? ''),
              xmlAmount(t.amount, 2),
              quoted(t.text ?? ''),
              '',
              '',
              `${date}T00:00:00Z`,
            ].join(','),
          ),
        );
        const table = readPayments(Buffer.from([COLUMNS.join(','), ...csv].join('\n')), EUR, NOW);
        if (!table.ok) throw new Error(JSON.stringify(table.problems));
        expect(rowsOf(pain001(version, payments)).map(({ payee, department, order }) => ({ payee, department, order }))).toEqual(
          table.rows.map(({ payee, department, order }) => ({ payee, department, order })),
        );
      }),
    );
  });
});

it('a second export of the same payments, with ids and a time of its own, is the same payments', () => {
  const first = pain001('09', TWO);
  const second = first.replace('message-1', 'message-2').replace('2026-11-21T09:00:00', '2026-11-22T10:00:00').replace('group-0', 'g');
  expect(orders(second)).toEqual(orders(first));
});

describe('an import', () => {
  const genesis = { currency: EUR, treasuries: [{ name: 'payroll' }, { name: 'savings' }] } as unknown as Genesis;
  const file = (text: string) =>
    readPaymentFile('p.xml', Buffer.from(text), { genesis, treasury: 'payroll', nowMs: NOW, resolve: context.resolve });
  const refusalOf = (fn: () => unknown): BursarError => {
    try {
      fn();
    } catch (e) {
      if (e instanceof BursarError) return e;
      throw e;
    }
    throw new Error('it was taken');
  };
  it('looks at no account for whoever only asks for the ids', () => {
    const { text } = changed(pain001('09', TWO), `${payee} ⇒ <Id><IBAN>struck off</IBAN></Id>`);
    expect(
      readPaymentFile('p.xml', Buffer.from(text), { genesis, treasury: 'payroll', nowMs: NOW, resolve: undefined }).message,
    ).toMatchObject({
      payments: [{ transactions: [{ endToEndId: 'a', amount: 1250n }] }, { transactions: [{ endToEndId: 'b', amount: 700n }] }],
    });
  });
  it('takes XML by what is in the file, and CSV for everything else', () => {
    const text = pain001('03', TWO.slice(0, 1));
    expect(file(text).message).toMatchObject({ name: 'pain.001.001.03', msgId: 'message-1', ctrlSum: 1250n });
    expect(file(`\ufeff \n${text.replace(/^<\?xml.*\n/, '')}`).rows).toHaveLength(1);
    expect(refusalOf(() => file('client_key')).reason).toBe('CSV_INVALID');
    expect(refusalOf(() => file('<')).reason).toBe('PAYMENT_FILE_INVALID');
  });
  it('names each wrong field by code, line and remedy, as JSON too', () => {
    const { text, line } = changed(pain001('09', TWO.slice(0, 1)), 'EUR">12.50< ⇒ EUR">12.505<');
    const error = refusalOf(() => file(text));
    expect(error).toMatchObject({ code: 8004, message: 'p.xml: 1 bad line; nothing was imported' });
    expect(error.violations).toEqual([
      {
        field: `line ${line}, CdtTrfTxInf[1]/Amt/InstdAmt`,
        code: 7006,
        reason: 'AMOUNT_INVALID',
        description: expect.stringMatching(/^"12\.505" is no amount of EUR\. Write digits/),
      },
    ]);
  });
  it('refuses a key that stands twice at the second one’s line, and an account that no key owns', () => {
    const doubled = changed(pain001('09', TWO), '<EndToEndId>b< ⇒ <EndToEndId>a<');
    const line = doubled.text.split('\n').lastIndexOf('<EndToEndId>a</EndToEndId>') + 1;
    const nobody = pain001('09', [{ date: '2026-12-24', transfers: [{ key: 'c', amount: 1n, account: '00'.repeat(32) }] }]);
    const build = (text: string) =>
      importOfRows('p.xml', file(text).rows, {
        chain: '0'.repeat(64),
        genesis,
        treasury: treasuryId('payroll'),
        proposer: account,
        firstNonce: 0n,
        nowMs: NOW,
        isKnown: () => false,
      });
    expect(refusalOf(() => build(doubled.text)).violations).toMatchObject([
      { field: `line ${line}, CdtTrfTxInf[2]/PmtId/EndToEndId`, code: 7102 },
    ]);
    expect(refusalOf(() => build(nobody)).violations).toMatchObject([
      { field: expect.stringMatching(/^line \d+, CdtTrfTxInf\[1\]\/CdtrAcct$/), code: 8002 },
    ]);
  });
});
