/** A statement as CSV: the balances are the first and the last record. Cells that a spreadsheet would take for a formula are escaped. */
import { formatAccount, type Genesis } from '@bursar/protocol';
import { stringify } from 'csv-stringify/sync';
import { xmlAmount } from '../iso20022/decimal.ts';
import { xmlInstant } from '../iso20022/xml-writer.ts';
import { visible } from '../visible.ts';
import type { Statement } from './statement.ts';

export const STATEMENT_COLUMNS = [
  'kind',
  'number',
  'time',
  'height',
  'index',
  'credit',
  'debit',
  'balance',
  'counterparty',
  'client_key',
  'disbursement',
  'import',
  'transaction',
  'memo',
] as const;
type Row = Partial<Record<(typeof STATEMENT_COLUMNS)[number], string>>;

/** A record at a time. */
export function* statementCsv(
  { opening, closing, entries, fromMs, untilMs }: Statement,
  { exponent }: Genesis['currency'],
): Generator<string> {
  const write = (row: Row): string =>
    stringify([STATEMENT_COLUMNS.map((c) => row[c] ?? '')], { escape_formulas: true, record_delimiter: '\n' });
  const money = (units: bigint): string => xmlAmount(units, exponent);
  yield `${STATEMENT_COLUMNS.join(',')}\n`;
  yield write({ kind: 'opening', time: xmlInstant(fromMs), balance: money(opening) });
  for (const e of entries)
    yield write({
      kind: e.payment ? 'payment' : 'transfer',
      number: String(e.number),
      time: xmlInstant(e.timeMs),
      height: String(e.height),
      index: String(e.index),
      [e.credit ? 'credit' : 'debit']: money(e.amount),
      balance: money(e.balance),
      counterparty: formatAccount(e.counterparty),
      client_key: visible(e.payment?.clientKey ?? ''),
      disbursement: e.payment?.disbursement ?? '',
      import: e.payment?.import ?? '',
      transaction: e.transaction,
      memo: visible(e.memo),
    });
  yield write({ kind: 'closing', time: xmlInstant(untilMs), balance: money(closing) });
}
