/** pain.001 messages for tests, valid by their schema unless they are asked not to be. */
import { keyFromSeed } from '@bursar/client';
import { treasuryAccount, treasuryId } from '@bursar/protocol';
import { accountParts } from '../../src/iso20022/accounts.ts';
import { xmlAmount } from '../../src/iso20022/decimal.ts';
import { readPain001 } from '../../src/iso20022/pain001.ts';

export const VERSIONS = ['03', '09'] as const;
export type Version = (typeof VERSIONS)[number];

export interface TestTransfer {
  readonly key: string;
  readonly amount: bigint;
  /** 64 hexadecimal digits, or instead of it an IBAN. */
  readonly account?: string;
  readonly iban?: string;
  readonly payee?: string;
  readonly text?: string;
  /** What stands behind the account of the payee. */
  readonly more?: string;
}
export interface TestPayment {
  readonly date: string;
  readonly transfers: readonly TestTransfer[];
}

const sum = (of: readonly TestTransfer[]): string =>
  xmlAmount(
    of.reduce((total, t) => total + t.amount, 0n),
    2,
  );
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

function accountLines(account: string): string {
  const { id, name } = accountParts(account);
  return `<Id><Othr><Id>${id}</Id></Othr></Id>\n<Nm>${name}</Nm>`;
}

/** A line for each element that a test may want to change. */
export function pain001(version: Version, payments: readonly TestPayment[]): string {
  const all = payments.flatMap((p) => p.transfers);
  const dated = (date: string) => (version === '03' ? date.slice(0, 10) : date.includes('T') ? `<DtTm>${date}</DtTm>` : `<Dt>${date}</Dt>`);
  const transfer = ({ key, amount, account = own, iban, payee, text, more = '' }: TestTransfer): string => `<CdtTrfTxInf>
<PmtId>
<EndToEndId>${escaped(key)}</EndToEndId>
</PmtId>
<Amt>
<InstdAmt Ccy="EUR">${xmlAmount(amount, 2)}</InstdAmt>
</Amt>
${payee === undefined ? '' : `<Cdtr><Nm>${escaped(payee)}</Nm></Cdtr>`}
<CdtrAcct>
${iban === undefined ? accountLines(account) : `<Id><IBAN>${iban}</IBAN></Id>`}
</CdtrAcct>
${more}
${text === undefined ? '' : `<RmtInf><Ustrd>${escaped(text)}</Ustrd></RmtInf>`}
</CdtTrfTxInf>`;
  const payment = ({ date, transfers }: TestPayment, i: number): string => `<PmtInf>
<PmtInfId>group-${i}</PmtInfId>
<PmtMtd>TRF</PmtMtd>
<NbOfTxs>${transfers.length}</NbOfTxs>
<CtrlSum>${sum(transfers)}</CtrlSum>
<ReqdExctnDt>${dated(date)}</ReqdExctnDt>
<Dbtr><Nm>payroll</Nm></Dbtr>
<DbtrAcct><Id><Othr><Id>payroll</Id></Othr></Id></DbtrAcct>
<DbtrAgt><FinInstnId></FinInstnId></DbtrAgt>
${transfers.map(transfer).join('\n')}
</PmtInf>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.${version}">
<CstmrCdtTrfInitn>
<GrpHdr>
<MsgId>message-1</MsgId>
<CreDtTm>2026-11-21T09:00:00</CreDtTm>
<NbOfTxs>${all.length}</NbOfTxs>
<CtrlSum>${sum(all)}</CtrlSum>
<InitgPty></InitgPty>
</GrpHdr>
${payments.map(payment).join('\n')}
</CstmrCdtTrfInitn>
</Document>
`;
}

export const EUR = { code: 'EUR', exponent: 2 };
export const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);
export const account = keyFromSeed(Buffer.alloc(32, 7)).publicKey;
export const other = keyFromSeed(Buffer.alloc(32, 8)).publicKey;
export const own = treasuryAccount(treasuryId('payroll'));
/** In the directory under two references. */
export const KNOWN = { account: other, payee: { name: 'Bob', version: 3 } };
/** What the reader knows: the treasury payroll, and that payee. */
export const context = {
  currency: EUR,
  treasury: { name: 'payroll', account: own },
  otherTreasuries: ['savings'],
  nowMs: NOW,
  resolve: (reference: string) => (reference === 'known' || reference === 'GB82WEST12345698765432' ? KNOWN : undefined),
};
export const read = (text: string) => readPain001(Buffer.from(text), context);
export const TWO: TestPayment[] = [
  { date: '2026-12-24', transfers: [{ key: 'a', amount: 1250n, account, payee: 'Anna', text: 'Invoice 1' }] },
  { date: '2026-12-24T08:00:00+01:00', transfers: [{ key: 'b', amount: 700n, account: other, payee: 'Bob' }] },
];
/** Of the first payment. */
export const payee = accountLines(account);

/** The first payment of TWO, changed as a sentence of a table says; `(03)` at the end of the sentence: in that version. */
export const changedFirst = (sentence: string, change: string) =>
  changed(pain001(sentence.endsWith('(03)') ? '03' : '09', TWO.slice(0, 1)), change);

/**
 * The text with one place of it changed, and the line of the change: `from ⇒ to`; or the line of a place in the changed text:
 * `from ⇒ to @ place`. @throws when a place is not there
 */
export function changed(text: string, change: string): { readonly text: string; readonly line: number } {
  const [from = '', rest = ''] = change.split(' ⇒ ');
  const [to = '', at] = rest.split(' @ ');
  if (!text.includes(from)) throw new Error(`nothing to change: ${from}`);
  const made = text.replace(from, () => to);
  const place = at === undefined ? text.indexOf(from) : made.indexOf(at);
  if (place < 0) throw new Error(`no ${at}`);
  return { text: made, line: made.slice(0, place).split('\n').length };
}
