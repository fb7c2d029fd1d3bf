/** Looks up what became of a transaction: on a validator's word, or proved against a genesis. */
import { DecodeError, type Digest, decode, fromHex, type Genesis, result, type TransactionResult } from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import type { Connection, ValidatorClient } from './connection.ts';
import { verifyTransactionProof } from './verify-transaction-proof.ts';

export const LOOK_UP_MS = 2_000;

/** The provable result of a transaction from any validator that has it; undefined when none answers with one. */
export async function findTransaction(connection: Connection, id: Digest): Promise<TransactionResult | undefined> {
  const transactionId = fromHex(id);
  const asked = connection.validators.map(async (v) => {
    const answer = await v.ledger.getTransaction({ transactionId }, { timeoutMs: LOOK_UP_MS });
    const r = answer.provable ? decodeResult(id, answer.result) : undefined;
    if (r?.consumed !== true) throw rejection('NotFound');
    return r;
  });
  return Promise.any(asked).catch(() => undefined);
}

/** The proved result of a transaction: `first` is asked alone, then all at once; undefined when nobody proves one. */
export async function findProven(
  connection: Connection,
  id: Digest,
  genesis: Genesis,
  first: number,
): Promise<TransactionResult | undefined> {
  const transactionId = fromHex(id);
  const ask = async (v: ValidatorClient): Promise<TransactionResult> => {
    const proved = verifyTransactionProof(await v.ledger.getTransactionProof({ transactionId }, { timeoutMs: LOOK_UP_MS }), id, genesis);
    if (!proved) throw rejection('ProofInvalid');
    return proved;
  };
  const preferred = connection.validators[first];
  const one = preferred && (await ask(preferred).catch(() => undefined));
  return one ?? Promise.any(connection.validators.filter((v) => v !== preferred).map(ask)).catch(() => undefined);
}

/** Undefined unless these are the canonical bytes of a result of this transaction. */
export function decodeResult(id: Digest, canonical: Uint8Array): TransactionResult | undefined {
  try {
    const r = decode(result, canonical);
    return r.kind === 'transaction' && r.transaction === id ? r : undefined;
  } catch (e) {
    if (e instanceof DecodeError) return undefined;
    throw e;
  }
}
