/** A signer without a conscience: it holds the validator's key, keeps no record and signs whatever it is asked to. */
import type { SignerPort } from '../../../apps/consensus/src/ports.ts';
import { type KeyPair, sign } from '../../../libs/crypto/src/index.ts';
import { batchHash, type Digest, evidenceTransaction, toHex, transactionHash, voteHash } from '../../../libs/protocol/src/index.ts';

export const freeHand = (chain: Digest, keys: KeyPair): SignerPort => ({
  publicKey: async () => toHex(keys.publicKey),
  sign: async (vote) => sign(keys.secretKey, voteHash(vote)),
  signBatch: async (ref) => sign(keys.secretKey, batchHash(chain, ref)),
  signEvidence: async (found) => sign(keys.secretKey, transactionHash(evidenceTransaction(chain, toHex(keys.publicKey), found))),
  listSigned: async () => [],
  reconcile: async () => {},
});
