/** Fetches what proves a payment, puts it into a proof and checks it: a validator that proves nothing is passed over. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  bandOf,
  bodyHash,
  chainId,
  DecodeError,
  type Digest,
  decode,
  decodeTransaction,
  disbursementBody,
  fromHex,
  type Genesis,
  importDigest,
  importLeaf,
  numberedPolicy,
  rolesByKey,
  signedTransaction,
  type TreasuryPolicy,
} from '@bursar/protocol';
import { errorFrom, rejection } from '@bursar/shared-core';
import { type Connection, mayWorkElsewhere } from './connection.ts';
import { inclusionRoot } from './inclusion-root.ts';
import { formatPaymentProof, type PaymentProof } from './payment-proof.ts';
import { verifyPaymentProof } from './verify-payment-proof.ts';

/**
 * The proof that `disbursement` was approved and paid, with the fewest approvals that suffice. It verifies against `genesis`.
 * @throws UnknownDisbursement, NotFinal, ProofInvalid once `timeoutMs` (default 10 s) is over, PeerUnreachable
 */
export async function fetchPaymentProof(
  connection: Connection,
  genesis: Genesis,
  disbursement: Digest,
  timeoutMs = 10_000,
): Promise<PaymentProof> {
  const deadline = Date.now() + timeoutMs;
  for (let turn = 0; ; turn++) {
    const v = connection.validators[turn % connection.validators.length];
    try {
      const answer = await v?.ledger.getPaymentProof({ disbursement: fromHex(disbursement) });
      if (answer) return assemble(genesis, disbursement, answer);
    } catch (e) {
      const error = errorFrom(e);
      const later =
        error.reason === 'NOT_FINAL' ||
        error.reason === 'PROOF_INVALID' ||
        error.reason === 'UNKNOWN_DISBURSEMENT' ||
        mayWorkElsewhere(error);
      const askedAll = turn + 1 >= connection.validators.length;
      // Everybody is asked once, however slow the first was.
      if (!later || (askedAll && (error.reason === 'UNKNOWN_DISBURSEMENT' || Date.now() >= deadline))) throw error;
      if (askedAll) await sleep(100);
    }
  }
}

type Answer = Awaited<ReturnType<Connection['validators'][number]['ledger']['getPaymentProof']>>;

/** @throws ProofInvalid */
function assemble(genesis: Genesis, disbursement: Digest, answer: Answer): PaymentProof {
  const proof = within(() => proofOf(genesis, disbursement, answer));
  const verdict = verifyPaymentProof(formatPaymentProof(proof), genesis);
  if (!verdict.valid) throw rejection('ProofInvalid', `the validator answered with a proof that does not hold: ${verdict.reason}`);
  return proof;
}

function within<T>(fn: () => T): T {
  try {
    return fn();
  } catch (e) {
    if (e instanceof DecodeError) throw rejection('ProofInvalid', `the validator answered with bytes that are no proof: ${e.message}`);
    throw e;
  }
}

/** Of the approvals, those that an amount needs under a policy. */
function fewest(
  { approval }: TreasuryPolicy,
  amount: bigint,
  approvals: readonly Uint8Array[],
  signer: (raw: Uint8Array) => string,
): Uint8Array[] {
  const roleOf = rolesByKey(approval);
  const left = [...(approval.bands[bandOf(approval, amount)]?.needs ?? [])];
  return approvals.filter((raw) => {
    const role = roleOf.get(signer(raw)) ?? -1;
    const isNeeded = (left[role] ?? 0) > 0;
    if (isNeeded) (left[role] as number) -= 1;
    return isNeeded;
  });
}

function proofOf(genesis: Genesis, disbursement: Digest, a: Answer): PaymentProof {
  const { inImport, receipt, certified } = a;
  if (!inImport || !receipt || !certified) throw rejection('ProofInvalid', 'the validator answered with half a proof');
  const body = decode(disbursementBody, a.body);
  const root = inclusionRoot(importLeaf(disbursement, bodyHash(body)), inImport);
  if (!root) throw rejection('ProofInvalid', 'the validator answered with a path that is none');
  const signer = (raw: Uint8Array): string => decodeTransaction(decode(signedTransaction, raw).body).signer;
  const ascending = [...a.approvals].sort((x, y) => (signer(x) < signer(y) ? -1 : 1));
  return {
    chain: chainId(genesis),
    disbursement,
    import: importDigest(body.treasury, root),
    body: a.body,
    inImport: { index: inImport.index, count: inImport.count, path: inImport.path },
    policy: a.policy,
    approvals: fewest(decode(numberedPolicy, a.policy).policy, body.amount, ascending, signer),
    receipt: { leaf: receipt.leaf, index: receipt.index, count: receipt.count, path: receipt.path },
    header: certified.header,
    certificate: certified.certificate,
  };
}
