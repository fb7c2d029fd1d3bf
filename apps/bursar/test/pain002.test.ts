import { describe, expect, it } from '@jest/globals';
import { mismatch } from '../src/commands/status-report-command.ts';
import { readPain001 } from '../src/iso20022/pain001.ts';
import { groupCode, type PaymentState, pain002 } from '../src/iso20022/pain002.ts';
import { pain002Refused } from '../src/iso20022/pain002-refused.ts';
import { pain001 } from './support/pain001.ts';
import { schemaErrors } from './support/schemas.ts';

const currency = { code: 'EUR', exponent: 2 };
const account = 'ab'.repeat(32);
const transfer = (key: string, amount: bigint) => ({ key, amount, account });
function messageOf(version: '03' | '09', ...groups: { key: string; amount: bigint; account: string }[][]) {
  const text = pain001(
    version,
    groups.map((transfers) => ({ date: '2026-12-24', transfers })),
  ).replace('<EndToEndId>a<', '<InstrId>instruction-a</InstrId><EndToEndId>a<');
  const read = readPain001(Buffer.from(text), {
    currency,
    treasury: { name: 'payroll', account },
    otherTreasuries: [],
    nowMs: Date.UTC(2026, 10, 21),
    resolve: () => undefined,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.message;
}
const state = (of: string, more: Partial<PaymentState> = {}): PaymentState => ({
  id: '12'.repeat(32),
  state: of,
  revision: 0,
  notBeforeMs: 0,
  ...more,
});
const blocked = (name: string) => state('blocked', { blocked: { name, reason: `Held: ${name} & more.` } });
const report = (message: ReturnType<typeof messageOf>, states: Readonly<Record<string, PaymentState>>): string =>
  [
    ...pain002({
      message,
      treasury: 'payroll & sons',
      id: 'status-7',
      timeMs: Date.UTC(2026, 10, 22),
      currency,
      stateOf: (key) => states[key],
    }),
  ].join('');
/** Texts of all elements of a name. */
const texts = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((m) => m[1] ?? '');

type Case = [sentence: string, of: PaymentState | undefined, code: string, reason: string | undefined, says: RegExp];
const cases: Case[] = [
  ['that lacks approvals is pending', state('voting'), 'PDNG', 'NARR', /Approvals are missing/],
  [
    'that is approved and not due is accepted',
    state('timelocked', { notBeforeMs: Date.UTC(2026, 11, 24) }),
    'ACCP',
    undefined,
    /not before 2026-12-24T00:00/,
  ],
  ['that is approved and due is in settlement', state('queued'), 'ACSP', undefined, /Approved and due/],
  ['that was made is settled', state('executed', { executedMs: Date.UTC(2026, 11, 24) }), 'ACSC', undefined, /Paid at 2026-12-24/],
  ['that was cancelled is rejected', state('cancelled'), 'RJCT', 'DS02', /cancelled/],
  ['without funds is pending', blocked('InsufficientFunds'), 'PDNG', 'AM04', /Held: InsufficientFunds &amp; more/],
  ['over a limit is pending', blocked('OverLimit'), 'PDNG', 'AM14', /Held/],
  ['whose dependency is not made is pending', blocked('BlockedByDependency'), 'PDNG', 'NARR', /Held/],
  ['held by somebody is pending', blocked('PayeeChanged'), 'PDNG', 'NARR', /Held: PayeeChanged/],
  ['that the ledger refused is rejected', undefined, 'RJCT', 'NARR', /refused/],
];
describe('a payment', () => {
  it.each(cases)('%s', async (_, of, code, reason, says) => {
    const xml = report(messageOf('09', [transfer('a', 1250n)]), of ? { a: of } : {});
    expect(await schemaErrors('pain.002.001.03', xml)).toEqual([[]]);
    expect([texts(xml, 'TxSts'), texts(xml, 'PmtInfSts'), texts(xml, 'GrpSts')]).toEqual([[code], [code], [code]]);
    expect(texts(xml, 'Cd')).toEqual(reason === undefined ? [] : [reason]);
    expect(texts(xml, 'AddtlInf')[0]).toMatch(says);
  });
});

describe('a message', () => {
  it('is answered with its own ids, numbers and sums, and with how many payments have which status', async () => {
    const message = messageOf('03', [transfer('a', 1250n), transfer('b', 700n)], [transfer('c', 1n)]);
    const xml = report(message, { a: state('executed', { executedMs: 1 }), b: state('voting'), c: state('executed', { executedMs: 1 }) });
    expect(await schemaErrors('pain.002.001.03', xml)).toEqual([[]]);
    expect([texts(xml, 'OrgnlMsgId'), texts(xml, 'OrgnlMsgNmId'), texts(xml, 'OrgnlCreDtTm'), texts(xml, 'OrgnlPmtInfId')]).toEqual([
      ['message-1'],
      ['pain.001.001.03'],
      ['2026-11-21T09:00:00'],
      ['group-0', 'group-1'],
    ]);
    expect([texts(xml, 'OrgnlNbOfTxs'), texts(xml, 'OrgnlCtrlSum')]).toEqual([
      ['3', '2', '1'],
      ['19.51', '19.50', '0.01'],
    ]);
    expect([texts(xml, 'OrgnlInstrId'), texts(xml, 'OrgnlEndToEndId'), texts(xml, 'TxSts')]).toEqual([
      ['instruction-a'],
      ['a', 'b', 'c'],
      ['ACSC', 'PDNG', 'ACSC'],
    ]);
    expect([texts(xml, 'GrpSts'), texts(xml, 'PmtInfSts')]).toEqual([['PART'], ['PART', 'ACSC']]);
    expect([texts(xml, 'DtldNbOfTxs'), texts(xml, 'DtldSts'), texts(xml, 'DtldCtrlSum')]).toEqual([
      ['2', '1', '1', '1', '1'],
      ['ACSC', 'PDNG', 'ACSC', 'PDNG', 'ACSC'],
      ['12.51', '7.00', '12.50', '7.00', '0.01'],
    ]);
  });
  const groups: [codes: Parameters<typeof groupCode>[0] extends ReadonlySet<infer C> ? C[] : never, code: string][] = [
    [['ACSC'], 'ACSC'],
    [['RJCT'], 'RJCT'],
    [['ACSC', 'ACCP'], 'ACCP'],
    [['ACSC', 'ACSP'], 'ACSP'],
    [['ACSC', 'PDNG'], 'PART'],
    [['ACSP', 'RJCT'], 'PART'],
    [['PDNG', 'RJCT'], 'PDNG'],
  ];
  it.each(groups)('of payments that are %j is %s', (codes, code) => expect(groupCode(new Set(codes))).toBe(code));
});

describe('a file that is refused', () => {
  it('is answered with every wrong field, its code and what to do', async () => {
    const violation = (field: string, reason: string, description = 'x'.repeat(300)) => ({ field, code: 7006, reason, description });
    const xml = [
      ...pain002Refused({
        message: { name: 'pain.001.001.09', msgId: undefined },
        treasury: 'payroll',
        id: 'refused-1',
        timeMs: 1,
        violations: [
          violation('line 22, CdtTrfTxInf[1]/Amt/InstdAmt', 'AMOUNT_INVALID'),
          violation('line 5, GrpHdr/NbOfTxs', 'CONTROL_SUM_MISMATCH', 'is "<2>" & more'),
          violation('line 6, GrpHdr/CtrlSum', 'CONTROL_SUM_MISMATCH'),
          violation('line 9', 'XML_REFUSED'),
          violation('line 10, PmtInf[1]/PmtMtd', 'METHOD_UNSUPPORTED'),
        ],
      }),
    ].join('');
    expect(await schemaErrors('pain.002.001.03', xml)).toEqual([[]]);
    expect([texts(xml, 'OrgnlMsgId'), texts(xml, 'GrpSts'), texts(xml, 'Cd')]).toEqual([
      ['NOTPROVIDED'],
      ['RJCT'],
      ['AM12', 'AM18', 'AM10', 'FF01', 'NARR'],
    ]);
    const said = texts(xml, 'AddtlInf');
    expect(said.slice(0, 4).join('')).toBe(`line 22, CdtTrfTxInf[1]/Amt/InstdAmt: 7006 AMOUNT_INVALID: ${'x'.repeat(300)}`);
    expect(said).toContain('line 5, GrpHdr/NbOfTxs: 7006 CONTROL_SUM_MISMATCH: is &quot;&lt;2&gt;&quot; &amp; more');
  });
});

describe('the file of an import', () => {
  const message = messageOf('09', [transfer('a', 1n), transfer('b', 2n)]);
  const [a, b] = [
    { clientKey: 'a', amount: 1n, revision: 0 },
    { clientKey: 'b', amount: 2n, revision: 0 },
  ];
  const files: [sentence: string, payments: (typeof a)[], says: RegExp | undefined][] = [
    ['has its keys and amounts', [b, a], undefined],
    ['has no payment that the import lacks', [a], /no payment b/],
    ['may have another amount than a payment that was revised since', [a, { ...b, amount: 3n, revision: 1 }], undefined],
    ['has no other amount', [a, { ...b, amount: 3n }], /payment b has another amount/],
    ['lacks no payment of the import', [a, b, { ...a, clientKey: 'c' }], /3 payments, and the file 2/],
  ];
  it.each(files)('%s', (_, payments, says) => {
    const found = mismatch(message, payments);
    if (says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(says);
  });
});
