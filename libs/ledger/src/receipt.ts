/** Receipts in canonical bytes (the codec `result`, kind payment), by hand, because one is made for every payment. */
import { encode, fromHex, HashRoom, type PaymentReceipt, receiptAt, result, ZERO_DIGEST } from '@bursar/protocol';
import type { DisbursementTable } from './disbursement-table.ts';
import type { Import } from './entities.ts';

/** What all payments of one executeBatch share. */
export type BatchFacts = Pick<PaymentReceipt, 'height' | 'time' | 'transaction' | 'leaseEpoch' | 'seq'>;

const ID = {
  disbursement: ZERO_DIGEST,
  bodyHash: ZERO_DIGEST,
  import: ZERO_DIGEST,
  policy: ZERO_DIGEST,
  from: ZERO_DIGEST,
  to: ZERO_DIGEST,
};
const TO_AND_AMOUNT = 32 + 8;

export class ReceiptWriter {
  /** Holds the receipt that was written last. */
  readonly room = new HashRoom('bursar/result', receiptAt.end);
  #of: Import | undefined;

  begin(facts: BatchFacts): void {
    const { bytes, start } = this.room;
    bytes.set(encode(result, { kind: 'payment', ...ID, amount: 0n, attempt: 0, ...facts }), start);
    this.#of = undefined;
  }

  /** Of disbursement `n`, paid at this attempt. */
  write(d: DisbursementTable, n: number, home: Import, attempt: number): void {
    const { bytes, start } = this.room;
    d.copyId(n, bytes, start + receiptAt.disbursement);
    d.copyBodyHash(n, bytes, start + receiptAt.bodyHash);
    if (this.#of !== home) {
      this.#of = home;
      bytes.set(fromHex(home.digest), start + receiptAt.import);
      bytes.set(fromHex(home.treasury.rules.digest), start + receiptAt.policy);
      bytes.set(fromHex(home.treasury.account), start + receiptAt.from);
    }
    d.copyPayee(n, bytes, start + receiptAt.to, TO_AND_AMOUNT);
    bytes.writeUInt16BE(attempt, start + receiptAt.attempt);
  }
}
