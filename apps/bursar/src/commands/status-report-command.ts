/** `bursar status [IMPORT] --format pain.002 --of FILE`: the answer to a pain.001 message, for the program that wrote it. */
import { type Digest, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { type BursarError, errorFrom, rejection } from '@bursar/shared-core';
import { importOfRows, readImportFile, readPaymentFile } from '../csv/import-file.ts';
import { usage } from '../errors.ts';
import type { OriginalMessage, RefusedMessage } from '../iso20022/pain001-message.ts';
import { type PaymentState, pain002 } from '../iso20022/pain002.ts';
import { pain002Refused } from '../iso20022/pain002-refused.ts';
import { importStatus, listPayments } from '../operations/import-status.ts';
import { readSessionFile } from '../operations/payment-file.ts';
import { type Session, withSession } from '../operations/session.ts';
import { writeOut } from './output.ts';

export interface StatusReportOptions {
  readonly dir: string;
  /** The file that was imported: ids of messages stand there and not in the ledger. */
  readonly of?: string;
  readonly out?: string;
}

/** Without an import: that of the file; and a file of which nothing can be imported is answered with why. */
export async function statusReportCommand(digest: Digest | undefined, { dir, of, out }: StatusReportOptions): Promise<void> {
  if (of === undefined) throw usage('pain.002 answers a file, and none was given', 'Give the pain.001 file that was imported: --of FILE.');
  await withSession(dir, async (session) => {
    const { genesis, treasury, connection } = session;
    const file = digest === undefined ? await importOfFile(session, of) : { digest, message: messageOfFile(session, of) };
    const { timeMs, height } = await connection.read((l) => l.getStatus({}));
    const header = { treasury: treasury.name, timeMs: Number(timeMs) };
    if ('refused' in file) {
      const { message, refused } = file;
      return writeOut(out, pain002Refused({ ...header, id: `refused-${timeMs}`, message, violations: refused.violations }));
    }
    const { message } = file;
    const status = await importStatus(session, file.digest);
    const payments = status.state === 'open' ? [] : await listPayments(session, file.digest);
    const wrong = status.state === 'refused' ? undefined : mismatch(message, payments);
    if (wrong) throw rejection('ImportFileMismatch', `${of} is not the file of import ${file.digest}: ${wrong}`);
    const states = new Map(payments.map((d) => [d.clientKey, stateOf(d)]));
    const stateOfKey = (key: string): PaymentState | undefined => states.get(key);
    const id = `${file.digest.slice(0, 20)}-${height}`;
    writeOut(out, pain002({ ...header, id, message, currency: genesis.currency, stateOf: stateOfKey }));
  });
}

const noMessage = (path: string): BursarError =>
  rejection('ImportFileMismatch', `${path} is no pain.001 file, and pain.002 answers nothing else`);

/** Of a file that was imported under a digest that is known. */
function messageOfFile({ genesis, treasury }: Session, path: string): OriginalMessage {
  const file = { genesis, treasury: treasury.name, nowMs: Date.now(), resolve: undefined };
  const { message } = readPaymentFile(path, readImportFile(path), file);
  if (!message) throw noMessage(path);
  return message;
}

type FileAnswer =
  | { readonly digest: Digest; readonly message: OriginalMessage }
  | { readonly refused: BursarError; readonly message: RefusedMessage };

/** The import that the file makes now, or why it makes none. */
async function importOfFile(session: Session, path: string): Promise<FileAnswer> {
  const nowMs = Date.now();
  let message: RefusedMessage | undefined;
  try {
    const file = await readSessionFile(session, path, nowMs);
    if (!file.message) throw noMessage(path);
    message = file.message;
    const treasury = session.treasury.id;
    // The digest does not depend on who signs, and payments of pain.001 depend on none.
    const { built } = importOfRows(path, file.rows, {
      ...session,
      treasury,
      proposer: treasury,
      firstNonce: 0n,
      nowMs,
      isKnown: () => false,
    });
    return { digest: built.import, message: file.message };
  } catch (e) {
    const refused = errorFrom(e);
    if (refused.reason !== 'PAYMENT_FILE_INVALID') throw e;
    const { messageName = 'pain.001', messageId = '' } = refused.details;
    return { refused, message: message ?? { name: messageName, msgId: messageId || undefined } };
  }
}

/** The same keys with the same amounts, but for payments that were revised since, and no others. */
export function mismatch(
  message: OriginalMessage,
  payments: readonly Pick<ledger.Disbursement, 'clientKey' | 'amount' | 'revision'>[],
): string | undefined {
  const known = new Map(payments.map((d) => [d.clientKey, d]));
  const transactions = message.payments.flatMap((p) => p.transactions);
  for (const { endToEndId, amount } of transactions) {
    const imported = known.get(endToEndId);
    if (imported === undefined) return `it has no payment ${endToEndId}`;
    if (imported.amount !== amount && imported.revision === 0) return `payment ${endToEndId} has another amount there`;
  }
  return transactions.length === payments.length ? undefined : `it has ${payments.length} payments, and the file ${transactions.length}`;
}

const stateOf = (d: ledger.Disbursement): PaymentState => ({
  id: toHex(d.id),
  state: d.state,
  revision: d.revision,
  ...(d.blocked && { blocked: { name: d.blocked.name, reason: d.blocked.reason } }),
  notBeforeMs: Number(d.notBeforeMs),
  ...(d.executedHeight > 0n && { executedMs: Number(d.executedTimeMs) }),
});
