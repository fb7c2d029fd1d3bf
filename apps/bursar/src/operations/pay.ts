/** The steps of a payroll, each a signed transaction: fund, import, approve, cancel. */
import { randomUUID } from 'node:crypto';
import { buildApproval, buildCancel, buildTransfer, type ClientKey, type Settled, settleMany, signTransaction } from '@bursar/client';
import { type Digest, disbursementId, fromHex, isHex32, treasuryAccount } from '@bursar/protocol';
import { errorFrom, rejection } from '@bursar/shared-core';
import { type FileImport, importOfRows, outsideDependencies } from '../csv/import-file.ts';
import { knownPayments } from './known-payments.ts';
import { readSessionFile } from './payment-file.ts';
import { nextNonce, type Session, settleOwn } from './session.ts';

export const author = (session: Session, key: ClientKey, nonce: bigint) => ({ chain: session.chain, signer: key.publicKey, nonce });

/**
 * Moves money from the key's account to the account that the treasury pays from. Equal bytes are one transaction: the memo sets each call
 * apart, so that a second one which read the same nonce is told so and signs anew, and not what became of the first.
 */
export const fund = (session: Session, key: ClientKey, amount: bigint): Promise<Settled> => {
  const memo = `Funds for the payroll (${randomUUID()})`;
  return settleOwn(session, key, (nonce) => buildTransfer(author(session, key, nonce), treasuryAccount(session.treasury.id), amount, memo));
};

export interface Imported extends FileImport {
  /** Empty when the ledger had this very import already. */
  readonly settled: readonly Settled[];
  readonly replayed: boolean;
}

/**
 * Imports a CSV or pain.001 file: nothing is sent unless every line is right.
 * @throws CsvInvalid or PaymentFileInvalid with every bad line; ClientKeyConflict and the like of the ledger
 */
export async function importFile(session: Session, key: ClientKey, path: string): Promise<Imported> {
  const nowMs = Date.now();
  const { rows } = await readSessionFile(session, path, nowMs);
  const known = await knownPayments(session, outsideDependencies(rows, session.treasury.id));
  const context = { ...session, treasury: session.treasury.id, proposer: key.publicKey, nowMs, isKnown: (id: Digest) => known.has(id) };
  importOfRows(path, rows, { ...context, firstNonce: 0n }); // a bad file is refused before anybody is asked for a nonce
  for (let attempt = 1; ; attempt++) {
    const { built } = importOfRows(path, rows, { ...context, firstNonce: await nextNonce(session, key.publicKey) });
    try {
      const signed = built.transactions.map((t) => signTransaction(key, t));
      return { rows, built, settled: await settleMany(session.connection, signed, { genesis: session.genesis }), replayed: false };
    } catch (e) {
      // The same file again: the digest covers every item and its key, so the first answer stands.
      if (errorFrom(e).reason === 'IMPORT_SEALED') return { rows, built, settled: [], replayed: true };
      if (errorFrom(e).reason !== 'NONCE_TOO_LOW' || attempt >= 3) throw e;
    }
  }
}

export const approve = (session: Session, key: ClientKey, importDigest: Digest): Promise<Settled> =>
  settleOwn(session, key, (nonce) => buildApproval(author(session, key, nonce), session.treasury.id, importDigest));

export const cancel = (session: Session, key: ClientKey, id: Digest): Promise<Settled> =>
  settleOwn(session, key, (nonce) => buildCancel(author(session, key, nonce), session.treasury.id, id));

/** @throws UnknownDisbursement */
export async function paymentOf({ connection }: Session, id: Digest) {
  const { disbursement } = await connection.read((l) => l.getDisbursement({ disbursement: fromHex(id) }));
  if (!disbursement) throw rejection('UnknownDisbursement', undefined, { details: { id } });
  return disbursement;
}

/** An id as it is, or that of a client key of the treasury. */
export const paymentId = (session: Session, text: string): Digest => (isHex32(text) ? text : disbursementId(session.treasury.id, text));
