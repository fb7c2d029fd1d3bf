/** Payments from pain.001.001.03 and .09 (docs/iso20022.md). Every wrong field is reported; one is enough to refuse the file. */
import { limits } from '@bursar/protocol';
import type { LineProblem, PaymentRow } from '../csv/read-payments.ts';
import { isSum, xmlAmount } from './decimal.ts';
import { clip, Fields } from './fields.ts';
import { leaves } from './memo.ts';
import { type PaymentHeader, readGroup, readHeader } from './pain001-header.ts';
import type { OriginalMessage, OriginalPayment, OriginalTransaction, Pain001Context, RefusedMessage } from './pain001-message.ts';
import { readTransfer } from './pain001-transaction.ts';
import { readXml, type XmlElement, XmlRefused, type XmlVisitor } from './xml-reader.ts';

export type ReadPain001 =
  | { readonly ok: true; readonly rows: readonly PaymentRow[]; readonly message: OriginalMessage }
  | { readonly ok: false; readonly problems: readonly LineProblem[]; readonly message: RefusedMessage };

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:(pain\.001\.001\.(?:03|09))$/;
const DOCUMENT = ['Document', 'CstmrCdtTrfInitn'];
const PAYMENT = [...DOCUMENT, 'PmtInf'].join('/');

/** Ends the reading: the file is longer than an import can be, or nothing like what it should be. */
class TooMany extends Error {}
const MAX_PROBLEMS = 10_000;
/** Elements before the payments of a PmtInf, and items behind all payments. */
const MAX_BESIDE = 1_000;

export function readPain001(bytes: Uint8Array, context: Pain001Context): ReadPain001 {
  const { reading, read } = readOnce(bytes, context, []);
  return reading.supplement.length === 0 ? read : readOnce(bytes, context, reading.supplement).read;
}

/** @param supplement what stands behind the payments and belongs to each of them: known from a reading before */
function readOnce(bytes: Uint8Array, context: Pain001Context, supplement: readonly string[]): { reading: Reading; read: ReadPain001 } {
  const problems: LineProblem[] = [];
  const reading = new Reading(context, supplement, (p) => {
    problems.push(p);
    if (problems.length >= MAX_PROBLEMS) throw new TooMany();
  });
  let message: OriginalMessage | undefined;
  try {
    readXml(bytes, reading, (uri, line) => reading.onNamespace(uri, line), 'SplmtryData');
    message = reading.end();
  } catch (e) {
    if (e instanceof XmlRefused)
      problems.push({ line: e.line, column: undefined, rejection: 'XmlRefused', reason: e.message, remedy: e.remedy });
    else if (!(e instanceof TooMany)) throw e;
  }
  if (problems.length > 0 || !message)
    return { reading, read: { ok: false, problems: problems.sort((a, b) => a.line - b.line), message: reading.refused() } };
  return { reading, read: { ok: true, rows: reading.rows, message } };
}

interface OpenPayment {
  readonly line: number;
  readonly header: XmlElement[];
  /** Made when the first transaction comes. */
  read: PaymentHeader | undefined;
  readonly transactions: OriginalTransaction[];
  /** Base units; undefined once an amount was refused. */
  sum: bigint | undefined;
}
class Reading implements XmlVisitor {
  readonly rows: PaymentRow[] = [];
  /** What the message says behind all of its payments. */
  readonly supplement: string[] = [];
  readonly #context: Pain001Context;
  readonly #known: readonly string[];
  readonly #report: (p: LineProblem) => void;
  readonly #payments: OriginalPayment[] = [];
  #name: OriginalMessage['name'] = 'pain.001.001.09';
  #group: { readonly fields: Fields; readonly others: readonly string[] } | undefined;
  #payment: OpenPayment | undefined;
  #sum: bigint | undefined = 0n;
  #line = 1;
  #count = 0;

  constructor(context: Pain001Context, known: readonly string[], report: (p: LineProblem) => void) {
    this.#context = context;
    this.#known = known;
    this.#report = report;
  }

  onNamespace(uri: string, line: number): void {
    const [, name] = NAMESPACE.exec(uri) ?? [];
    if (name === undefined)
      this.#end(
        line,
        'Document',
        'MessageUnsupported',
        `is ${uri === '' ? 'of no namespace' : clip(uri.replace(/^urn:iso:std:iso:20022:tech:xsd:/, ''))}`,
        'Export the payments as pain.001.001.03 or pain.001.001.09 (customer credit transfer initiation).',
      );
    else this.#name = name as OriginalMessage['name'];
  }
  isOpen(path: readonly string[]): boolean {
    const text = path.join('/');
    return text === 'Document' || text === DOCUMENT.join('/') || text === PAYMENT;
  }
  open(path: readonly string[], line: number): void {
    this.#line = line;
    if (path.length < 3) return;
    this.#payment = { line, header: [], read: undefined, transactions: [], sum: 0n };
  }

  element(element: XmlElement, parent: readonly string[]): void {
    const payment = this.#payment;
    if (payment && parent.length === 3) {
      if (element.name === 'CdtTrfTxInf') this.#onTransaction(payment, element);
      else if (payment.read)
        this.#bad(
          element.line,
          `${this.#place()}/${element.name}`,
          'FieldInvalid',
          'stands behind a CdtTrfTxInf',
          'Write it once, before all CdtTrfTxInf.',
        );
      else if (payment.header.push(element) > MAX_BESIDE)
        this.#end(
          element.line,
          this.#place(),
          'FieldInvalid',
          `has more than ${MAX_BESIDE} elements before its payments`,
          'Leave out what is optional.',
        );
    } else if (parent.length === 2 && element.name === 'GrpHdr') this.#onGroup(element);
    else if (parent.length === 2 && element.name === 'SplmtryData') {
      this.supplement.push(...leaves(element));
      if (this.supplement.length > MAX_BESIDE)
        this.#end(element.line, 'SplmtryData', 'FieldInvalid', `has more than ${MAX_BESIDE} items`, 'Leave out what is optional.');
    } else
      this.#bad(
        element.line,
        [...parent, element.name].slice(2).join('/') || element.name,
        'FieldInvalid',
        'is not expected here',
        'Write Document, CstmrCdtTrfInitn, then GrpHdr and PmtInf.',
      );
  }

  close(path: readonly string[]): void {
    const payment = this.#payment;
    if (path.length !== 3 || !payment) return;
    this.#payment = undefined;
    const read = payment.read ?? this.#headerOf(payment);
    const { transactions, sum } = payment;
    if (transactions.length === 0)
      this.#bad(payment.line, this.#place(), 'FieldInvalid', 'has no CdtTrfTxInf', 'Write at least one payment, or leave it out.');
    this.#checkSums(this.#place(), read.nbOfTxs, read.ctrlSum, transactions.length, sum);
    this.#payments.push({ pmtInfId: read.pmtInfId, ctrlSum: read.ctrlSum && sum, transactions });
  }

  /** What is known of a message that is refused. */
  refused(): RefusedMessage {
    const msgId = this.#group?.fields.peek('MsgId')?.text ?? '';
    return { name: this.#name, msgId: msgId !== '' && [...msgId].length <= 35 ? msgId : undefined };
  }

  end(): OriginalMessage | undefined {
    const group = this.#group?.fields;
    if (!group) {
      this.#bad(this.#line, 'GrpHdr', 'FieldInvalid', 'is missing', 'Write GrpHdr with MsgId, CreDtTm, NbOfTxs and InitgPty.');
      return undefined;
    }
    if (this.#payments.length === 0)
      this.#bad(
        this.#line,
        'PmtInf',
        'FieldInvalid',
        'is missing: the file has no payments',
        'Write at least one PmtInf with a CdtTrfTxInf.',
      );
    const [nbOfTxs, ctrlSum] = [group.peek('NbOfTxs'), group.peek('CtrlSum')];
    this.#checkSums('GrpHdr', nbOfTxs, ctrlSum, this.#count, this.#sum);
    return {
      name: this.#name,
      msgId: group.peek('MsgId')?.text ?? '',
      creDtTm: group.peek('CreDtTm')?.text.trim() ?? '',
      ctrlSum: ctrlSum && this.#sum,
      payments: this.#payments,
    };
  }

  #onGroup(element: XmlElement): void {
    if (this.#group) {
      this.#bad(element.line, 'GrpHdr', 'FieldInvalid', 'stands here a second time', 'Write it once.');
      return;
    }
    if (this.#count > 0) this.#bad(element.line, 'GrpHdr', 'FieldInvalid', 'stands behind a PmtInf', 'Write it first.');
    const fields = new Fields(element, 'GrpHdr', this.#report);
    this.#group = { fields, others: readGroup(fields, this.#context.nowMs) };
  }

  #headerOf({ line, header }: OpenPayment): PaymentHeader {
    const f = new Fields({ name: 'PmtInf', line, text: '', attributes: new Map(), children: header }, this.#place(), this.#report);
    return readHeader(f, this.#name, this.#context, [...(this.#group?.others ?? []), ...this.#known]);
  }

  #onTransaction(payment: OpenPayment, element: XmlElement): void {
    this.#count += 1;
    if (this.#count > limits.itemsPerImport) this.#tooMany(element.line);
    payment.read ??= this.#headerOf(payment);
    const { currency, resolve } = this.#context;
    const { notBefore, isTransfer, others } = payment.read;
    const f = new Fields(element, `CdtTrfTxInf[${this.#count}]`, this.#report);
    const { row, amount, instrId, endToEndId } = readTransfer(f, { currency, resolve, notBefore, isTransfer, others });
    this.rows.push(row);
    payment.transactions.push({ endToEndId, instrId, amount: amount ?? 0n });
    payment.sum = amount === undefined || payment.sum === undefined ? undefined : payment.sum + amount;
    this.#sum = amount === undefined || this.#sum === undefined ? undefined : this.#sum + amount;
  }

  /** Of the PmtInf that is open: files may be one single line, and then a number tells more. */
  #place(): string {
    return `PmtInf[${this.#payments.length + 1}]`;
  }

  #checkSums(at: string, nbOfTxs: XmlElement | undefined, ctrlSum: XmlElement | undefined, count: number, sum: bigint | undefined): void {
    const remedy = 'Something is missing or was changed: export the file again.';
    if (nbOfTxs && !(/^\d{1,15}$/.test(nbOfTxs.text.trim()) && BigInt(nbOfTxs.text.trim()) === BigInt(count)))
      this.#bad(nbOfTxs.line, `${at}/NbOfTxs`, 'ControlSumMismatch', `is "${clip(nbOfTxs.text)}", and there are ${count}`, remedy);
    const { exponent } = this.#context.currency;
    if (ctrlSum && sum !== undefined && !isSum(ctrlSum.text, sum, exponent))
      this.#bad(
        ctrlSum.line,
        `${at}/CtrlSum`,
        'ControlSumMismatch',
        `is "${clip(ctrlSum.text)}", and the amounts make ${xmlAmount(sum, exponent)}`,
        remedy,
      );
  }

  #bad(line: number, column: string, rejection: LineProblem['rejection'], reason: string, remedy: string): void {
    this.#report({ line, column, rejection, reason, remedy });
  }
  #end(line: number, column: string, rejection: LineProblem['rejection'], reason: string, remedy: string): never {
    this.#bad(line, column, rejection, reason, remedy);
    throw new TooMany();
  }
  #tooMany(line: number): never {
    return this.#end(line, 'PmtInf', 'ImportTooLarge', `the file has more than ${limits.itemsPerImport} payments`, 'Split the file.');
  }
}
