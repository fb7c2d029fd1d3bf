/** What became of a transaction, proved against a genesis: no validator that answers is believed. */
import { BadGenesis, chainId, type Digest, type Genesis, type TransactionResult } from '@bursar/protocol';
import { type CertifiedBytes, certifiedHeader, provenResult } from './certified-header.ts';
import type { InclusionFields } from './payment-proof.ts';
import { Broken, holds } from './proof-links.ts';

/** As Ledger.GetTransactionProof answers. */
export interface TransactionProof {
  readonly result?: ({ readonly leaf: Uint8Array } & InclusionFields) | undefined;
  readonly certified?: CertifiedBytes | undefined;
}

/** The final result of transaction `id`; undefined when the proof does not prove it, or proves a refusal that used nothing up. */
export function verifyTransactionProof(proof: TransactionProof, id: Digest, genesis: Genesis): TransactionResult | undefined {
  try {
    const { result, certified } = proof;
    holds(result !== undefined && certified !== undefined, 'file', 'half a proof');
    const { head } = certifiedHeader(certified, genesis, chainId(genesis));
    const found = provenResult(result, head);
    return found.kind === 'transaction' && found.transaction === id && found.consumed ? found : undefined;
  } catch (e) {
    if (e instanceof Broken || e instanceof BadGenesis) return undefined;
    throw e;
  }
}
