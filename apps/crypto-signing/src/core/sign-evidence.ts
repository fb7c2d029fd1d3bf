/** Hands in evidence with the validator's key (S3): the transaction is built here, and only around evidence that holds. */
import { verify } from '@bursar/crypto';
import type { SigningRecord } from '@bursar/pbft';
import {
  checkEvidence,
  type Digest,
  type Evidence,
  evidenceTransaction,
  fromHex,
  type Genesis,
  type Hex32,
  transactionHash,
} from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import { signerBehind } from '../errors.ts';
import type { SignHash } from '../ports.ts';

export interface EvidenceSignerParts {
  readonly genesis: Genesis;
  readonly chain: Digest;
  /** Our public key. */
  readonly reporter: Hex32;
  readonly record: Pick<SigningRecord, 'behind'>;
  readonly sign: SignHash;
}

/** The same evidence gives the same transaction, hence the same signature: nothing is recorded. @throws EvidenceInvalid, SignerBehind */
export function evidenceSigner({ genesis, chain, reporter, record, sign }: EvidenceSignerParts): (evidence: Evidence) => Uint8Array {
  const keys = genesis.validators.map((v) => fromHex(v.publicKey));
  const context = { chain, epoch: 0, publicKey: (validator: number) => keys[validator], verify };
  return (evidence) => {
    if (record.behind) throw signerBehind();
    if (checkEvidence(evidence, context) === undefined) throw rejection('EvidenceInvalid');
    return sign(transactionHash(evidenceTransaction(chain, reporter, evidence)));
  };
}
