/** `bursar status IMPORT --format pain.002 --of FILE`: the answer to a pain.001 message, for the program that wrote it. */
import { type Digest, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { rejection } from '@bursar/shared-core';
import { readImportFile, readPaymentFile } from '../csv/import-file.ts';
import { usage } from '../errors.ts';
import type { OriginalMessage } from '../iso20022/pain001-message.ts';
import { type PaymentState, pain002 } from '../iso20022/pain002.ts';
import { importStatus, listPayments } from '../operations/import-status.ts';
import { withSession } from '../operations/session.ts';
import { writeOut } from './output.ts';

export interface StatusReportOptions {
  readonly dir: string;
  /** The file that was imported: ids of messages stand there and not in the ledger. */
  readonly of?: string;
  readonly out?: string;
}

export async function statusReportCommand(digest: Digest, { dir, of, out }: StatusReportOptions): Promise<void> {
  if (of === undefined) throw usage('pain.002 answers a file, and none was given', 'Give the pain.001 file that was imported: --of FILE.');
  await withSession(dir, async (session) => {
    const { genesis, treasury, connection } = session;
    const { message } = readPaymentFile(of, readImportFile(of), {
      genesis,
      treasury: treasury.name,
      nowMs: Date.now(),
      resolve: undefined,
    });
    if (!message) throw rejection('ImportFileMismatch', `${of} is no pain.001 file, and pain.002 answers nothing else`);
    const status = await importStatus(session, digest);
    const payments = status.state === 'open' ? [] : await listPayments(session, digest);
    const wrong = status.state === 'refused' ? undefined : mismatch(message, payments);
    if (wrong) throw rejection('ImportFileMismatch', `${of} is not the file of import ${digest}: ${wrong}`);
    const { timeMs, height } = await connection.read((l) => l.getStatus({}));
    const states = new Map(payments.map((d) => [d.clientKey, stateOf(d)]));
    const id = `${digest.slice(0, 20)}-${height}`;
    writeOut(
      out,
      pain002({
        message,
        treasury: treasury.name,
        id,
        timeMs: Number(timeMs),
        currency: genesis.currency,
        stateOf: (key) => states.get(key),
      }),
    );
  });
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
