import { formatAccount, type RejectionName } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { accountParts } from '../src/iso20022/accounts.ts';
import { account, changed, changedFirst, other, pain001, payee, read, TWO } from './support/pain001.ts';

const IBAN = 'DE89370400440532013000';
const otherParts = accountParts(other);
/** What is changed is written as `changed` takes it: `from ⇒ to`, and `@ place` where the error has another line. */
type Bad = [sentence: string, change: string, column: string, code: RejectionName, says: RegExp];
const bad: Bad[] = [
  ['no key', '<EndToEndId>a</EndToEndId> ⇒  @ <PmtId>', 'CdtTrfTxInf[1]/PmtId/EndToEndId', 'ClientKeyMissing', /missing/],
  [
    'an empty key',
    '<EndToEndId>a</EndToEndId> ⇒ <EndToEndId/> @ <EndToEndId/>',
    'CdtTrfTxInf[1]/PmtId/EndToEndId',
    'ClientKeyMissing',
    /missing or empty/,
  ],
  [
    'NOTPROVIDED as key, whatever InstrId says (03)',
    '<EndToEndId>a< ⇒ <InstrId>i</InstrId>\n<EndToEndId>NOTPROVIDED< @ <EndToEndId>',
    'CdtTrfTxInf[1]/PmtId/EndToEndId',
    'ClientKeyMissing',
    /NOTPROVIDED/,
  ],
  ['no PmtId', '<PmtId>\n<EndToEndId>a</EndToEndId>\n</PmtId> ⇒  @ <CdtTrfTxInf>', 'CdtTrfTxInf[1]/PmtId', 'FieldInvalid', /missing/],
  ['a key of 36 characters', `<EndToEndId>a< ⇒ <EndToEndId>${'k'.repeat(36)}<`, 'CdtTrfTxInf[1]/PmtId/EndToEndId', 'FieldInvalid', /35/],
  ['a key with blanks around it', '<EndToEndId>a< ⇒ <EndToEndId> a<', 'CdtTrfTxInf[1]/PmtId/EndToEndId', 'FieldInvalid', /blanks|no text/],
  [
    'a key with a character that nobody sees',
    '<EndToEndId>a< ⇒ <EndToEndId>a\u200b<',
    'CdtTrfTxInf[1]/PmtId/EndToEndId',
    'FieldInvalid',
    /U\+200B/,
  ],
  ['a key with a semicolon', '<EndToEndId>a< ⇒ <EndToEndId>a;b<', 'CdtTrfTxInf[1]/PmtId/EndToEndId', 'FieldInvalid', /semicolon/],
  [
    'a key that stands twice',
    '<EndToEndId>a</EndToEndId> ⇒ <EndToEndId>a</EndToEndId>\n<EndToEndId>c</EndToEndId> @ <EndToEndId>c',
    'CdtTrfTxInf[1]/PmtId/EndToEndId',
    'FieldInvalid',
    /second time/,
  ],
  [
    'a long InstrId',
    `<EndToEndId>a< ⇒ <InstrId>${'i'.repeat(36)}</InstrId>\n<EndToEndId>a< @ <InstrId>`,
    'CdtTrfTxInf[1]/PmtId/InstrId',
    'FieldInvalid',
    /35/,
  ],
  ['three decimals', 'EUR">12.50< ⇒ EUR">12.505<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /"12.505" is no amount of EUR/],
  ['a sign', 'EUR">12.50< ⇒ EUR">-12.50<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  ['an exponent', 'EUR">12.50< ⇒ EUR">1e3<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  ['a decimal comma', 'EUR">12.50< ⇒ EUR">12,50<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  ['zero', 'EUR">12.50< ⇒ EUR">0.00<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  ['digits of another script', 'EUR">12.50< ⇒ EUR">\u0661\u0662<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  ['more than 64 bits', 'EUR">12.50< ⇒ EUR">184467440737095516.16<', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'AmountInvalid', /no amount/],
  [
    'an amount with another attribute',
    '<InstdAmt Ccy="EUR"> ⇒ <InstdAmt Ccy="EUR" Unit="1000">',
    'CdtTrfTxInf[1]/Amt/InstdAmt',
    'AmountInvalid',
    /no amount/,
  ],
  ['no amount', '<InstdAmt Ccy="EUR">12.50</InstdAmt> ⇒  @ <Amt>', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'FieldInvalid', /missing/],
  [
    'two amounts',
    '</InstdAmt> ⇒ </InstdAmt>\n<InstdAmt Ccy="EUR">1</InstdAmt> @ <InstdAmt Ccy="EUR">1<',
    'CdtTrfTxInf[1]/Amt/InstdAmt',
    'FieldInvalid',
    /second time/,
  ],
  ['another currency', 'Ccy="EUR">12 ⇒ Ccy="USD">12', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'CurrencyUnsupported', /is in USD/],
  ['no currency', ' Ccy="EUR">12 ⇒ >12 @ <InstdAmt>12.50', 'CdtTrfTxInf[1]/Amt/InstdAmt', 'CurrencyUnsupported', /no currency/],
  [
    'an amount in another currency’s worth',
    '<InstdAmt Ccy="EUR">12.50</InstdAmt> ⇒ <EqvtAmt><Amt Ccy="USD">1</Amt></EqvtAmt>',
    'CdtTrfTxInf[1]/Amt/EqvtAmt',
    'CurrencyUnsupported',
    /exchange/,
  ],
  [
    'a rate of exchange (03)',
    '</Amt> ⇒ </Amt>\n<XchgRateInf/> @ <XchgRateInf/>',
    'CdtTrfTxInf[1]/XchgRateInf',
    'CurrencyUnsupported',
    /exchange/,
  ],
  [
    'an account in another currency',
    `${payee} ⇒ ${payee}\n<Ccy>USD</Ccy> @ <Ccy>USD`,
    'CdtTrfTxInf[1]/CdtrAcct/Ccy',
    'CurrencyUnsupported',
    /USD/,
  ],
  ['a cheque (03)', '<PmtMtd>TRF< ⇒ <PmtMtd>CHK<', 'PmtInf[1]/PmtMtd', 'MethodUnsupported', /CHK asks for a cheque/],
  [
    'a transfer with advice (03)',
    '<PmtMtd>TRF< ⇒ <PmtMtd>TRA<',
    'PmtInf[1]/PmtMtd',
    'MethodUnsupported',
    /TRA asks for a transfer with advice/,
  ],
  ['an unknown method (03)', '<PmtMtd>TRF< ⇒ <PmtMtd>XYZ<', 'PmtInf[1]/PmtMtd', 'MethodUnsupported', /"XYZ" is no method/],
  ['no method', '<PmtMtd>TRF</PmtMtd> ⇒  @ <PmtInf>', 'PmtInf[1]/PmtMtd', 'FieldInvalid', /missing/],
  ['an instruction for a cheque', '</Amt> ⇒ </Amt>\n<ChqInstr/> @ <ChqInstr/>', 'CdtTrfTxInf[1]/ChqInstr', 'MethodUnsupported', /cheque/],
  [
    'an agent told to pay by cheque',
    '</CdtrAcct> ⇒ </CdtrAcct>\n<InstrForCdtrAgt><Cd>CHQB</Cd></InstrForCdtrAgt> @ <Cd>CHQB',
    'CdtTrfTxInf[1]/InstrForCdtrAgt/Cd',
    'MethodUnsupported',
    /CHQB asks for payment by cheque/,
  ],
  [
    'an agent told to hold cash',
    '</CdtrAcct> ⇒ </CdtrAcct>\n<InstrForCdtrAgt><Cd>HOLD</Cd></InstrForCdtrAgt> @ <Cd>HOLD',
    'CdtTrfTxInf[1]/InstrForCdtrAgt/Cd',
    'MethodUnsupported',
    /HOLD asks for cash/,
  ],
  [
    'no account of the payee',
    `<CdtrAcct>\n${payee}\n</CdtrAcct> ⇒  @ <CdtTrfTxInf>`,
    'CdtTrfTxInf[1]/CdtrAcct',
    'AccountUnresolved',
    /missing/,
  ],
  ['an account without Id', `${payee} ⇒  @ <CdtrAcct>`, 'CdtTrfTxInf[1]/CdtrAcct/Id', 'FieldInvalid', /missing/],
  [
    'a mistyped account',
    `${payee} ⇒ <Id><Othr><Id>${formatAccount(account).slice(0, -1)}z</Id></Othr></Id> @ z</Id>`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/Othr/Id',
    'AccountUnresolved',
    /no account/,
  ],
  [
    'the beginning of an account without the rest',
    `\n<Nm>${accountParts(account).name}</Nm> ⇒  @ ${accountParts(account).id}`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/Othr/Id',
    'AccountUnresolved',
    /no account/,
  ],
  [
    'two accounts that are not the same',
    `<Nm>${accountParts(account).name} ⇒ <Nm>${otherParts.name} @ ${accountParts(account).id}`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/Othr/Id',
    'AccountUnresolved',
    /not the same/,
  ],
  [
    'a reference of one payee and the account of another',
    `<Othr><Id>${accountParts(account).id} ⇒ <Othr><Id>known @ <Othr><Id>known`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/Othr/Id',
    'AccountUnresolved',
    /not the same/,
  ],
  [
    'an IBAN that nobody knows',
    `${payee} ⇒ <Id><IBAN>${IBAN}</IBAN></Id> @ <IBAN>`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/IBAN',
    'AccountUnresolved',
    /DE89370400440532013000 is an IBAN/,
  ],
  [
    'an IBAN with a wrong digit',
    `${payee} ⇒ <Id><IBAN>${IBAN.slice(0, -1)}1</IBAN></Id> @ <IBAN>`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/IBAN',
    'FieldInvalid',
    /check digits/,
  ],
  [
    'an IBAN beside another id (03)',
    `${payee} ⇒ <Id><IBAN>${IBAN}</IBAN><Othr><Id>known</Id></Othr></Id> @ <IBAN>`,
    'CdtTrfTxInf[1]/CdtrAcct/Id/Othr',
    'FieldInvalid',
    /beside an IBAN/,
  ],
  [
    'another debtor account',
    '<DbtrAcct><Id><Othr><Id>payroll< ⇒ <DbtrAcct><Id><Othr><Id>known<',
    'PmtInf[1]/DbtrAcct',
    'DebtorMismatch',
    /not the account of payroll/,
  ],
  [
    'an unknown debtor account',
    '<DbtrAcct><Id><Othr><Id>payroll< ⇒ <DbtrAcct><Id><Othr><Id>sales<',
    'PmtInf[1]/DbtrAcct/Id/Othr/Id',
    'AccountUnresolved',
    /"sales" is no account/,
  ],
  ['another treasury as debtor', '<Dbtr><Nm>payroll< ⇒ <Dbtr><Nm>savings<', 'PmtInf[1]/Dbtr/Nm', 'DebtorMismatch', /savings/],
  ['no debtor', '<Dbtr><Nm>payroll</Nm></Dbtr> ⇒  @ <PmtInf>', 'PmtInf[1]/Dbtr', 'FieldInvalid', /missing/],
  [
    'no debtor account (03)',
    '<DbtrAcct><Id><Othr><Id>payroll</Id></Othr></Id></DbtrAcct> ⇒  @ <PmtInf>',
    'PmtInf[1]/DbtrAcct',
    'FieldInvalid',
    /missing/,
  ],
  ['no date', '<ReqdExctnDt><Dt>2026-12-24</Dt></ReqdExctnDt> ⇒  @ <PmtInf>', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /missing/],
  ['31 February (03)', '2026-12-24< ⇒ 2027-02-31<', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /no date/],
  ['a date in a hundred years', '<Dt>2026-12-24< ⇒ <Dt>2126-12-24<', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /no date/],
  ['a wait instead of a date (03)', '2026-12-24< ⇒ +8s<', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /no date/],
  ['an empty date (03)', '2026-12-24< ⇒ <', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /no date/],
  [
    'an instant without a zone',
    '<Dt>2026-12-24</Dt> ⇒ <DtTm>2026-12-24T08:00:00</DtTm>',
    'PmtInf[1]/ReqdExctnDt',
    'FieldInvalid',
    /no instant with its zone/,
  ],
  [
    'a date that is none of version 09',
    '<Dt>2026-12-24</Dt> ⇒ 2026-12-24 @ <ReqdExctnDt>',
    'PmtInf[1]/ReqdExctnDt',
    'FieldInvalid',
    /no Dt or DtTm/,
  ],
  ['an instant in version 03 (03)', '2026-12-24< ⇒ 2026-12-24T08:00:00Z<', 'PmtInf[1]/ReqdExctnDt', 'FieldInvalid', /no date/],
  ['another number of payments', '<NbOfTxs>1< ⇒ <NbOfTxs>2<', 'GrpHdr/NbOfTxs', 'ControlSumMismatch', /"2", and there are 1/],
  ['no number of payments', '<NbOfTxs>1</NbOfTxs> ⇒  @ <GrpHdr>', 'GrpHdr/NbOfTxs', 'FieldInvalid', /missing/],
  ['another sum', '<CtrlSum>12.50< ⇒ <CtrlSum>12.51<', 'GrpHdr/CtrlSum', 'ControlSumMismatch', /"12.51", and the amounts make 12.50/],
  [
    'a sum that a float would take for the same',
    '<CtrlSum>12.50< ⇒ <CtrlSum>12.50000000000000001<',
    'GrpHdr/CtrlSum',
    'ControlSumMismatch',
    /12.50000000000000001/,
  ],
  [
    'another number in the group of payments',
    '<PmtMtd>TRF</PmtMtd>\n<NbOfTxs>1< ⇒ <PmtMtd>TRF</PmtMtd>\n<NbOfTxs>01x< @ 01x',
    'PmtInf[1]/NbOfTxs',
    'ControlSumMismatch',
    /01x/,
  ],
  [
    'another sum in the group of payments',
    '<NbOfTxs>1</NbOfTxs>\n<CtrlSum>12.50</CtrlSum>\n<Reqd ⇒ <NbOfTxs>1</NbOfTxs>\n<CtrlSum>12.49</CtrlSum>\n<Reqd @ 12.49',
    'PmtInf[1]/CtrlSum',
    'ControlSumMismatch',
    /12.49/,
  ],
  ['no message id', '<MsgId>message-1</MsgId> ⇒  @ <GrpHdr>', 'GrpHdr/MsgId', 'FieldInvalid', /missing/],
  ['a long message id', `message-1 ⇒ ${'m'.repeat(36)}`, 'GrpHdr/MsgId', 'FieldInvalid', /35/],
  ['a time that is none', '2026-11-21T09:00:00 ⇒ 2026-13-21T09:00:00', 'GrpHdr/CreDtTm', 'FieldInvalid', /no date with a time/],
  ['no id of the group of payments', '<PmtInfId>group-0</PmtInfId> ⇒  @ <PmtInf>', 'PmtInf[1]/PmtInfId', 'FieldInvalid', /missing/],
  ['two headers', '</GrpHdr> ⇒ </GrpHdr>\n<GrpHdr/> @ <GrpHdr/>', 'GrpHdr', 'FieldInvalid', /second time/],
  [
    'a debtor behind the payments',
    '</PmtInf> ⇒ <UltmtDbtr><Nm>x</Nm></UltmtDbtr>\n</PmtInf> @ <UltmtDbtr>',
    'PmtInf[1]/UltmtDbtr',
    'FieldInvalid',
    /behind a CdtTrfTxInf/,
  ],
  ['an element in no place of its own', '<GrpHdr> ⇒ <Extra/>\n<GrpHdr> @ <Extra/>', 'Extra', 'FieldInvalid', /not expected/],
  ['a long text', `Invoice 1 ⇒ ${'x'.repeat(1_025)}`, 'CdtTrfTxInf[1]/RmtInf', 'FieldInvalid', /1025 bytes/],
  ['elements in the text', 'Invoice 1 ⇒ <b>x</b> @ <b>', 'CdtTrfTxInf[1]/RmtInf/Ustrd', 'FieldInvalid', /elements instead/],
];
describe('a wrong field', () => {
  it.each(bad)('%s is refused by code, line and remedy', (sentence, change, column, code, says) => {
    const { text, line } = changedFirst(sentence, change);
    const found = read(text);
    if (found.ok) throw new Error('the file was read');
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toMatchObject({ line, column, rejection: code });
    expect(found.problems[0]?.reason).toMatch(says);
    expect(found.problems[0]?.remedy.length).toBeGreaterThan(8);
  });
  it('does not hide the others: all are listed, in the order of the file', () => {
    const one = changed(pain001('09', TWO), 'Ccy="EUR">12 ⇒ Ccy="USD">12');
    const two = changed(one.text, '<EndToEndId>b< ⇒ <EndToEndId>NOTPROVIDED<');
    const three = changed(two.text, '<NbOfTxs>2< ⇒ <NbOfTxs>3<');
    const found = read(three.text);
    if (found.ok) throw new Error('the file was read');
    expect(found.problems.map((p) => [p.line, p.rejection])).toEqual([
      [three.line, 'ControlSumMismatch'],
      [one.line, 'CurrencyUnsupported'],
      [two.line, 'ClientKeyMissing'],
    ]);
  });
});
