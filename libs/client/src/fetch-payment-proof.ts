/** Fetches what proves a payment and puts it into a proof. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  bodyHash,
  type Digest,
  decode,
  decodeTransaction,
  disbursementBody,
  fromHex,
  importDigest,
  importLeaf,
  signedTransaction,
} from '@bursar/protocol';
import { errorFrom, rejection } from '@bursar/shared-core';
import { type Connection, mayWorkElsewhere } from './connection.ts';
import { inclusionRoot } from './inclusion-root.ts';
import type { PaymentProof } from './payment-proof.ts';

/**
 * The proof that `disbursement` was approved and paid, with the fewest approvals that suffice. Not checked: `verifyPaymentProof` does.
 * @param threshold approvals that the treasury needs
 * @throws UnknownDisbursement, NotFinal once `timeoutMs` (default 10 s) is over, PeerUnreachable
 */
export async function fetchPaymentProof(
  connection: Connection,
  chain: Digest,
  disbursement: Digest,
  threshold: number,
  timeoutMs = 10_000,
): Promise<PaymentProof> {
  const deadline = Date.now() + timeoutMs;
  for (let turn = 0; ; turn++) {
    const v = connection.validators[turn % connection.validators.length];
    try {
      const answer = await v?.ledger.getPaymentProof({ disbursement: fromHex(disbursement) });
      if (answer) return assemble(chain, disbursement, threshold, answer);
    } catch (e) {
      const error = errorFrom(e);
      const later = error.reason === 'NOT_FINAL' || error.reason === 'UNKNOWN_DISBURSEMENT' || mayWorkElsewhere(error);
      const askedAll = turn + 1 >= connection.validators.length;
      if (!later || (askedAll && error.reason === 'UNKNOWN_DISBURSEMENT') || Date.now() >= deadline) throw error;
      if (askedAll) await sleep(100);
    }
  }
}

type Answer = Awaited<ReturnType<Connection['validators'][number]['ledger']['getPaymentProof']>>;

function assemble(chain: Digest, disbursement: Digest, threshold: number, a: Answer): PaymentProof {
  const { inImport, receipt, certified } = a;
  if (!inImport || !receipt || !certified) throw rejection('ProofInvalid', 'the validator answered with half a proof');
  const body = decode(disbursementBody, a.body);
  const root = inclusionRoot(importLeaf(disbursement, bodyHash(body)), inImport);
  if (!root) throw rejection('ProofInvalid', 'the validator answered with a path that is none');
  const signer = (raw: Uint8Array): string => decodeTransaction(decode(signedTransaction, raw).body).signer;
  const ascending = [...a.approvals].sort((x, y) => (signer(x) < signer(y) ? -1 : 1));
  return {
    chain,
    disbursement,
    import: importDigest(body.treasury, root),
    body: a.body,
    inImport: { index: inImport.index, count: inImport.count, path: inImport.path },
    approvals: ascending.slice(0, threshold),
    receipt: { leaf: receipt.leaf, index: receipt.index, count: receipt.count, path: receipt.path },
    header: certified.header,
    certificate: certified.certificate,
  };
}
