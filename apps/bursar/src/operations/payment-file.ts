/** The payments of a file, made out to the payees of the directory whose accounts they go to. */
import { type PaymentFile, readImportFile, readPaymentFile } from '../csv/import-file.ts';
import { directoryOf } from './directory.ts';
import type { Session } from './session.ts';

/** @throws CsvInvalid or PaymentFileInvalid with every bad line */
export async function readSessionFile(session: Session, path: string, nowMs: number): Promise<PaymentFile> {
  const bytes = readImportFile(path);
  const directory = await directoryOf(session);
  const { genesis, treasury } = session;
  const resolve = (text: string) => directory.resolve(text);
  const read = readPaymentFile(path, bytes, { genesis, treasury: treasury.name, nowMs, resolve });
  return { ...read, rows: directory.madeOut(read.rows) };
}
