/** The payments of a file, its payees looked up in the ledger where the file may name them by reference. */
import { isXml, type PaymentFile, readImportFile, readPaymentFile } from '../csv/import-file.ts';
import { payeesByReference } from './payees.ts';
import type { Session } from './session.ts';

/** @throws CsvInvalid or PaymentFileInvalid with every bad line */
export async function readSessionFile(session: Session, path: string, nowMs: number): Promise<PaymentFile> {
  const bytes = readImportFile(path);
  const { genesis, treasury } = session;
  const payees = isXml(bytes) ? await payeesByReference(session) : undefined;
  return readPaymentFile(path, bytes, { genesis, treasury: treasury.name, nowMs, resolve: (reference) => payees?.get(reference) });
}
