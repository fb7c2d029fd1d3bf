/** What the ledger refused a transaction with, as the error that the caller gets. */
import { findRejection, type TransactionResult } from '@bursar/protocol';
import { BursarError, reasonOf } from '@bursar/shared-core';

/** Of a result whose code is not 0; one that this version does not know keeps its number. */
export function ledgerError({ code, transaction, height }: TransactionResult): BursarError {
  const known = findRejection(code);
  return new BursarError({
    code,
    reason: reasonOf(known?.name ?? 'Unknown'),
    message: known?.reason ?? `the ledger refused with code ${code}`,
    remedy: known?.remedy ?? 'Use a newer version of this program, which knows the code.',
    ...(known ? { severity: known.severity } : {}),
    details: { transaction, height: String(height) },
  });
}
