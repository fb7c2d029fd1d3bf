/** One CdtTrfTxInf of pain.001 as a payment (docs/iso20022.md, "pain.001"). */
import { clientKeyProblem } from '@bursar/client';
import type { Genesis } from '@bursar/protocol';
import { limits } from '@bursar/protocol';
import { amountRemedy, type PaymentRow } from '../csv/read-payments.ts';
import { findAccount, isIban, type KnownPayee, type ResolveAccount } from './accounts.ts';
import { parseXmlAmount } from './decimal.ts';
import { clip, type Fields } from './fields.ts';
import { memoOf, oneLine } from './memo.ts';
import type { XmlElement } from './xml-reader.ts';

export interface TransferContext {
  readonly currency: Genesis['currency'];
  readonly resolve: ResolveAccount | undefined;
  /** Milliseconds; undefined when it was refused. */
  readonly notBefore: number | undefined;
  /** False: its method was refused, and what belongs to that method is not looked for. */
  readonly isTransfer: boolean;
  /** What PmtInf and GrpHdr say beside the money, as `Path=value`. */
  readonly others: readonly string[];
}
export interface Transfer {
  readonly row: PaymentRow;
  /** Base units; undefined when it was refused. */
  readonly amount: bigint | undefined;
  readonly instrId: string | undefined;
  readonly endToEndId: string;
}

const ASKS_FOR_A_TRANSFER = 'Only transfers are made: take it out of the file and pay it another way.';
/** Instructions to the creditor's agent that make it no transfer to an account. */
const OTHER_METHODS: Readonly<Record<string, string>> = { CHQB: 'payment by cheque', HOLD: 'cash held for the creditor' };

export function readTransfer(f: Fields, context: TransferContext): Transfer {
  refuseOtherMethods(f, context.isTransfer);
  const { key, instrId, line: keyLine } = keyOf(f);
  const amountElement = f.get('Amt', 'Write <Amt><InstdAmt Ccy="…">…</InstdAmt></Amt>.');
  const amount = amountElement && amountOf(f.inside(amountElement), context.currency);
  const { payee, known, line: accountLine } = payeeOf(f, context);
  const text = remittanceOf(f);
  const others = [...f.rest(), ...context.others];
  const memo = memoOf(text, others);
  const memoLine = f.peek('RmtInf') ?? f.element;
  if (memo === undefined)
    f.bad(
      memoLine,
      'RmtInf',
      'FieldInvalid',
      `has ${Buffer.byteLength(text)} bytes of text`,
      `Use at most ${limits.memo} bytes, and 90 fewer beside other optional elements.`,
    );
  return {
    amount,
    instrId,
    endToEndId: key,
    row: {
      line: f.element.line,
      payee,
      department: '',
      lines: { client_key: keyLine, destination: accountLine, amount: amountElement?.line ?? f.element.line, memo: memoLine.line },
      order: {
        clientKey: key,
        destination: known?.account ?? '',
        amount: amount ?? 0n,
        lane: 'consumer',
        notBefore: context.notBefore ?? 0,
        dependsOn: [],
        memo: memo ?? '',
        ...(known?.payee && { payee: known.payee }),
      },
    },
  };
}

function refuseOtherMethods(f: Fields, isTransfer: boolean): void {
  const cheque = f.find('ChqInstr');
  if (cheque && isTransfer) f.bad(cheque, 'ChqInstr', 'MethodUnsupported', 'asks for a cheque', ASKS_FOR_A_TRANSFER);
  const exchange = f.find('XchgRateInf');
  if (exchange)
    f.bad(
      exchange,
      'XchgRateInf',
      'CurrencyUnsupported',
      'asks for an exchange of currencies',
      'Give the amount in the currency of the network, and no rate.',
    );
  for (const instruction of f.element.children.filter((c) => c.name === 'InstrForCdtrAgt'))
    for (const code of instruction.children.filter((c) => c.name === 'Cd')) {
      const method = OTHER_METHODS[code.text.trim()];
      if (method) f.bad(code, 'InstrForCdtrAgt/Cd', 'MethodUnsupported', `${code.text.trim()} asks for ${method}`, ASKS_FOR_A_TRANSFER);
    }
}

/** The key is EndToEndId and nothing else: with a second source of keys, one payment could have two. */
function keyOf(f: Fields): { key: string; instrId: string | undefined; line: number } {
  const remedy = 'Give the payment an EndToEndId of its own: by it the ledger knows a payment that was made before.';
  const parent = f.get('PmtId', 'Write <PmtId><EndToEndId>…</EndToEndId></PmtId>.');
  if (!parent) return { key: '', instrId: undefined, line: f.element.line };
  const id = f.inside(parent);
  const instrId = id.peek('InstrId');
  const found = id.find('EndToEndId');
  const text = found?.text.trim() ?? '';
  if (text === '' || text.toUpperCase() === 'NOTPROVIDED')
    id.bad(found ?? parent, 'EndToEndId', 'ClientKeyMissing', text === '' ? 'is missing or empty' : `is ${text}, which is no key`, remedy);
  else if (found && id.text(found, 35) !== undefined) {
    const problem = clientKeyProblem(text) ?? (text.includes(';') ? 'holds a semicolon, which divides keys in CSV files' : undefined);
    if (problem) id.bad(found, 'EndToEndId', 'FieldInvalid', problem, remedy);
  }
  const own = instrId && id.text(instrId, 35);
  return { key: text, instrId: own, line: (found ?? parent).line };
}

function amountOf(f: Fields, currency: Genesis['currency']): bigint | undefined {
  const equivalent = f.find('EqvtAmt');
  const { code } = currency;
  if (equivalent)
    f.bad(
      equivalent,
      'EqvtAmt',
      'CurrencyUnsupported',
      'asks for an exchange of currencies',
      `Write the amount in ${code}: <InstdAmt Ccy="${code}">.`,
    );
  const instructed = equivalent ? f.find('InstdAmt') : f.get('InstdAmt', `Write <InstdAmt Ccy="${code}">…</InstdAmt>.`);
  if (!instructed) return undefined;
  const asked = instructed.attributes.get('Ccy');
  if (asked !== code)
    f.bad(
      instructed,
      'InstdAmt',
      'CurrencyUnsupported',
      asked === undefined ? 'names no currency' : `is in ${clip(asked)}`,
      `This network pays ${code} and nothing else.`,
    );
  // What else is said of an amount may be that it counts in thousands.
  const isPlain = instructed.children.length === 0 && [...instructed.attributes.keys()].every((name) => name === 'Ccy');
  const amount = isPlain ? parseXmlAmount(instructed.text, currency.exponent) : undefined;
  if (amount) return amount;
  f.bad(instructed, 'InstdAmt', 'AmountInvalid', `"${clip(instructed.text)}" is no amount of ${code}`, amountRemedy(currency));
  return undefined;
}

function payeeOf(f: Fields, { currency, resolve, isTransfer }: TransferContext) {
  const creditor = f.find('Cdtr');
  const person = creditor && f.inside(creditor);
  const payee = oneLine((person?.peek('Nm')?.children.length === 0 && person.find('Nm')?.text) || '');
  const account = f.find('CdtrAcct');
  if (account) {
    const known = resolve && accountOf(f.inside(account), currency, resolve, PAYEE_REMEDY);
    return { payee, known, line: account.line };
  }
  if (isTransfer) f.bad(f.element, 'CdtrAcct', 'AccountUnresolved', 'is missing', PAYEE_REMEDY);
  return { payee, known: undefined, line: f.element.line };
}
const IBAN_REMEDY =
  'Enter the payee with this IBAN as reference into the directory (docs/treasury.md, "Payees"), or write the account (bur1…) in Othr/Id.';
const PAYEE_REMEDY =
  'Write the account of the payee (bur1…) in CdtrAcct/Id/Othr/Id; where only 34 characters go, the first 34 there and the whole of it in CdtrAcct/Nm.';

/** Of CdtrAcct or DbtrAcct; every reason why it is none is reported. Takes Id and Ccy, and Nm where it is an account. */
export function accountOf(f: Fields, currency: Genesis['currency'], resolve: ResolveAccount, remedy: string): KnownPayee | undefined {
  const inCurrency = f.find('Ccy');
  if (inCurrency && inCurrency.text.trim() !== currency.code)
    f.bad(inCurrency, 'Ccy', 'CurrencyUnsupported', `is ${clip(inCurrency.text)}`, `Accounts of this network are in ${currency.code}.`);
  const parent = f.get('Id', remedy);
  if (!parent) return undefined;
  const id = f.inside(parent);
  const [iban, other] = [id.find('IBAN'), id.find('Othr')];
  if (iban && other) {
    id.bad(other, 'Othr', 'FieldInvalid', 'stands beside an IBAN', 'Write one of the two.');
    return undefined;
  }
  if (iban) return ibanOf(id, iban, resolve);
  const within = other && id.inside(other);
  const text = within?.get('Id', remedy);
  if (!within || !text) {
    if (!within) id.bad(parent, 'Othr', 'FieldInvalid', 'is missing', remedy);
    return undefined;
  }
  const name = f.peek('Nm');
  const found = findAccount(text.text.trim(), name?.text.trim(), resolve);
  if ('account' in found) {
    if (found.byName) f.find('Nm');
    return found;
  }
  if (found.wrong === 'unknown')
    within.bad(text, 'Id', 'AccountUnresolved', `"${clip(text.text)}" is no account, nor a reference that is known here`, remedy);
  else
    within.bad(
      text,
      'Id',
      'AccountUnresolved',
      `"${clip(text.text)}" and the account in Nm are not the same`,
      'Write one account, or its first 34 characters here and the whole of it in Nm.',
    );
  return undefined;
}

function ibanOf(f: Fields, iban: XmlElement, resolve: ResolveAccount): KnownPayee | undefined {
  const text = iban.text.trim();
  if (!isIban(text)) {
    f.bad(
      iban,
      'IBAN',
      'FieldInvalid',
      `"${clip(text)}" is no IBAN: its form or its check digits are wrong`,
      'Copy the IBAN again, without blanks: a character is wrong or missing.',
    );
    return undefined;
  }
  const known = resolve(text);
  if (!known) f.bad(iban, 'IBAN', 'AccountUnresolved', `${text} is an IBAN, and the treasury has no payee with it`, IBAN_REMEDY);
  return known;
}

/** Unstructured lines are the text; what is structured stays with the other elements. */
function remittanceOf(f: Fields): string {
  const found = f.find('RmtInf');
  if (!found) return '';
  const fields = f.inside(found);
  const texts = fields.all('Ustrd').map((u) => {
    if (u.children.length > 0) fields.bad(u, 'Ustrd', 'FieldInvalid', 'holds elements instead of a text', 'Write its text.');
    return oneLine(u.text);
  });
  return texts.filter((t) => t !== '').join(' / ');
}
