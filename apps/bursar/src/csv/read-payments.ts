/** Payments from a CSV file. One record a line; every bad line is reported, and one bad line is enough to refuse the file. */
import type { PaymentOrder } from '@bursar/client';
import { clientKeyProblem, MEMO_BYTES } from '@bursar/client';
import { type Genesis, limits, parseAccount, parseAmount, type RejectionName } from '@bursar/protocol';
import { parse } from 'csv-parse/sync';
import type { KnownPayee, ResolveAccount } from '../iso20022/accounts.ts';
import { parseNotBefore } from './not-before.ts';

export const COLUMNS = ['client_key', 'payee', 'department', 'account', 'amount', 'memo', 'lane', 'depends_on', 'not_before'] as const;
type Column = (typeof COLUMNS)[number];

export interface PaymentRow {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly payee: string;
  readonly department: string;
  /** Of a pain.001 file: lines of its elements by the names of columns. */
  readonly lines?: Readonly<Record<string, number>>;
  readonly order: PaymentOrder;
}
export interface LineProblem {
  readonly line: number;
  /** Column, or path of the element; undefined when the line as a whole is at fault. */
  readonly column: string | undefined;
  /** Under which code. */
  readonly rejection: RejectionName;
  /** What is wrong, and what would be right. */
  readonly reason: string;
  readonly remedy: string;
}
export type ReadPayments =
  | { readonly ok: true; readonly rows: readonly PaymentRow[] }
  | { readonly ok: false; readonly problems: readonly LineProblem[] };

const MAX_LINE = 64 * 1024;
const CONTROL = /[\p{Cc}--\t]/v;
const CONTROL_PROBLEM = {
  rejection: 'FieldInvalid',
  reason: 'holds a control character',
  remedy: 'Write one payment a line, and text without line ends inside.',
} as const;

/**
 * @param nowMs what `+8s` counts from
 * @param resolve the account of a payee's reference or name: in place of an account, or of an empty one
 */
export function readPayments(
  bytes: Uint8Array,
  currency: Genesis['currency'],
  nowMs: number,
  resolve: ResolveAccount = () => undefined,
): ReadPayments {
  const problems: LineProblem[] = [];
  const rows: PaymentRow[] = [];
  const lines = textLines(bytes, problems);
  const head = lines[0] ? cells(lines[0].text) : [];
  if (typeof head === 'string' || head.length !== COLUMNS.length || COLUMNS.some((name, i) => name !== head[i])) {
    const reason = `the first line must be ${COLUMNS.join(',')}`;
    return {
      ok: false,
      problems: [
        { line: 1, column: undefined, rejection: 'FieldInvalid', reason, remedy: 'Put that line first, with the columns in this order.' },
      ],
    };
  }
  for (const { line, text } of lines.slice(1)) {
    const found = cells(text);
    if (typeof found === 'string')
      problems.push({
        line,
        column: undefined,
        rejection: 'FieldInvalid',
        reason: found,
        remedy: 'Close quotes on the same line; write a quote inside quotes twice.',
      });
    else if (found.length !== COLUMNS.length)
      problems.push({
        line,
        column: undefined,
        rejection: 'FieldInvalid',
        reason: `has ${found.length} fields instead of ${COLUMNS.length}`,
        remedy: 'Put fields that hold commas in double quotes; leave unused fields empty.',
      });
    else rows.push(readRow(line, found, { currency, nowMs, resolve }, problems));
  }
  if (rows.length === 0 && problems.length === 0)
    problems.push({
      line: 1,
      column: undefined,
      rejection: 'FieldInvalid',
      reason: 'the file has no payments',
      remedy: 'Write one payment a line below the first line.',
    });
  if (rows.length > limits.itemsPerImport)
    problems.push({
      line: lines.at(-1)?.line ?? 1,
      column: undefined,
      rejection: 'ImportTooLarge',
      reason: `the file has ${rows.length} payments; at most ${limits.itemsPerImport} are allowed`,
      remedy: 'Split the file.',
    });
  return problems.length > 0 ? { ok: false, problems: problems.sort((a, b) => a.line - b.line) } : { ok: true, rows };
}

function textLines(bytes: Uint8Array, problems: LineProblem[]): { line: number; text: string }[] {
  const strict = new TextDecoder('utf-8', { fatal: true });
  const found: { line: number; text: string }[] = [];
  let start = 0;
  for (let line = 1; start <= bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const raw = bytes.subarray(start, end > start && bytes[end - 1] === 13 ? end - 1 : end);
    start = end + 1;
    const remedy = 'Save the file as UTF-8 text.';
    if (raw.length > MAX_LINE)
      problems.push({ line, column: undefined, rejection: 'FieldInvalid', reason: `has more than ${MAX_LINE} bytes`, remedy });
    else {
      try {
        const text = strict.decode(raw);
        // A carriage return inside a line would end it for some readers and not for others: what is behind it must not be lost.
        if (CONTROL.test(text)) problems.push({ line, column: undefined, ...CONTROL_PROBLEM });
        else if (text.trim() !== '' || line === 1) found.push({ line, text });
      } catch {
        problems.push({ line, column: undefined, rejection: 'FieldInvalid', reason: 'is not UTF-8 text', remedy });
      }
    }
  }
  return found;
}

/** The fields of one line, or what is wrong with it. */
function cells(text: string): string[] | string {
  if (!text.includes('"')) return text.split(',').map((c) => c.trim());
  try {
    const [record = []] = parse(text, { trim: true, relax_column_count: true, record_delimiter: '\n' }) as string[][];
    return record;
  } catch (e) {
    const code = (e as { code?: string }).code;
    return code === 'CSV_QUOTE_NOT_CLOSED' ? 'has a quote that is not closed' : 'has a quote in the wrong place';
  }
}

interface RowContext {
  readonly currency: Genesis['currency'];
  readonly nowMs: number;
  readonly resolve: ResolveAccount;
}

function readRow(line: number, found: readonly string[], { currency, nowMs, resolve }: RowContext, problems: LineProblem[]): PaymentRow {
  const cell = (column: Column): string => found[COLUMNS.indexOf(column)] ?? '';
  const bad = (column: Column, reason: string, remedy: string): void => {
    problems.push({ line, column, rejection: column === 'amount' ? 'AmountInvalid' : 'FieldInvalid', reason, remedy });
  };
  const clientKey = cell('client_key');
  const keyProblem =
    clientKeyProblem(clientKey) ?? (clientKey.includes(';') ? 'holds a semicolon, which divides the keys of depends_on' : undefined);
  if (keyProblem) bad('client_key', keyProblem, 'Give each payment a key of its own, of 1 to 128 bytes.');
  const account = parseAccount(cell('account'));
  const known: KnownPayee | undefined = account ? { account } : resolve(cell('account') || cell('payee'));
  if (!known) {
    const remedy = 'Copy the account again (bur1…), or write the reference or nothing and the name of a payee of the directory.';
    bad('account', `"${clip(cell('account'))}" is no account, nor a payee's reference`, remedy);
  }
  const amount = parseAmount(cell('amount'), currency.exponent);
  if (amount === undefined || amount === 0n)
    bad('amount', `"${clip(cell('amount'))}" is no amount of ${currency.code}`, amountRemedy(currency));
  const lane = cell('lane') || 'consumer';
  if (lane !== 'consumer' && lane !== 'industrial')
    bad('lane', `"${clip(lane)}" is no lane`, 'Write consumer or industrial, or leave it empty.');
  const notBefore = parseNotBefore(cell('not_before'), nowMs);
  if (notBefore === undefined)
    bad('not_before', `"${clip(cell('not_before'))}" is no time`, 'Write 2026-12-24T08:00:00Z, a wait such as +8s, or nothing.');
  const memo = cell('memo');
  if (Buffer.byteLength(memo) > MEMO_BYTES) bad('memo', `has ${Buffer.byteLength(memo)} bytes`, `Use at most ${MEMO_BYTES} bytes.`);
  const dependsOn =
    cell('depends_on') === ''
      ? []
      : cell('depends_on')
          .split(';')
          .map((k) => k.trim());
  const dependencyProblem = dependsOn.map(clientKeyProblem).find((p) => p !== undefined);
  if (dependencyProblem)
    bad('depends_on', `names a key that ${dependencyProblem}`, 'Write the client keys with one semicolon between two of them.');
  const count = new Set(dependsOn).size;
  if (count > limits.dependencies) bad('depends_on', `names ${count} payments`, `Name at most ${limits.dependencies}.`);
  return {
    line,
    payee: cell('payee'),
    department: cell('department'),
    order: {
      clientKey,
      destination: known?.account ?? '',
      ...(known?.payee && { payee: known.payee }),
      amount: amount ?? 0n,
      lane: lane === 'industrial' ? 'industrial' : 'consumer',
      notBefore: notBefore ?? 0,
      dependsOn,
      memo,
    },
  };
}

export const amountRemedy = ({ exponent }: Genesis['currency']): string =>
  `Write digits with a point${exponent === 0 ? ' nowhere' : ` and at most ${exponent} decimals`}, above zero, without sign or separators, for instance ${exponent > 0 ? '1250.50' : '1250'}.`;
const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
