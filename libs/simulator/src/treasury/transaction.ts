/** Signed transactions as the world passes them about: read once. */
import {
  type Action,
  type Digest,
  decodeTransaction,
  encode,
  encodeTransaction,
  fromHex,
  signedTransaction,
  type Transaction,
  toHex,
  transactionHash,
} from '@bursar/protocol';
import { idOf, type Keys, type Person } from './genesis.ts';

export interface SimTransaction {
  readonly id: Digest;
  readonly tx: Transaction;
  /** Canonical transaction. */
  readonly body: Uint8Array;
  /** Canonical signed transaction, as it stands in a batch. */
  readonly bytes: Uint8Array;
}

/** Undefined: no validator would take it, its form or signature is wrong. */
export function admit(keys: Keys, body: Uint8Array, signature: Uint8Array): SimTransaction | undefined {
  const tx = decodeTransaction(body);
  const hash = transactionHash(body);
  if (!keys.isValid(fromHex(tx.signer), hash, signature)) return undefined;
  return { id: toHex(hash), tx, body, bytes: encode(signedTransaction, { body, signature }) };
}

export function signed(keys: Keys, chain: Digest, by: Person, nonce: bigint, action: Action): SimTransaction {
  const body = encodeTransaction({ chain, signer: idOf(by), nonce, action });
  const hash = transactionHash(body);
  const signature = keys.sign(by, hash);
  return {
    id: toHex(hash),
    tx: { version: 1, chain, signer: idOf(by), nonce, action },
    body,
    bytes: encode(signedTransaction, { body, signature }),
  };
}
