/** What the results of a block hold, read where they stand: a block may have a hundred thousand. */
import { type ByteList, isReceipt, receiptAt } from '@bursar/protocol';

export function countReceipts(results: ByteList): number {
  let count = 0;
  for (let i = 0; i < results.length; i++) if (isReceipt(results.packed, results.start(i))) count++;
  return count;
}

/** Canonical results of the transactions, in the order of the block. */
export function transactionResults(results: ByteList): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let i = 0; i < results.length; i++) if (!isReceipt(results.packed, results.start(i))) found.push(results.at(i));
  return found;
}

/** Place of the receipt of a disbursement, −1 when there is none. */
export function findReceipt(results: ByteList, disbursement: Uint8Array): number {
  for (let i = 0; i < results.length; i++) {
    const at = results.start(i);
    const id = at + receiptAt.disbursement;
    if (isReceipt(results.packed, at) && results.packed.compare(disbursement, 0, 32, id, id + 32) === 0) return i;
  }
  return -1;
}
