/** Transactions: what accounts sign (docs/protocol.md, "Transactions"). */

import { change } from './change.ts';
import { type Decoded, decode, encode } from './codec.ts';
import { hex32, list, records, signature, struct, text, u16, u32, u64, uint, union, view, word } from './codecs.ts';
import { disbursementBody, lane, packedBody } from './disbursement.ts';
import { type Evidence, evidence } from './evidence.ts';
import { digest, hash } from './hash.ts';
import type { Digest, Hex32 } from './hex.ts';
import { limits } from './limits.ts';

export const executeItem = struct({ id: hex32, bodyHash: hex32, attempt: u16 });
export type ExecuteItem = Decoded<typeof executeItem>;
const chunkHead = { treasury: hex32, import: hex32, index: u32 };
const batchHead = {
  shard: u16,
  leaseEpoch: u64,
  lane,
  seq: u64,
  /** Ledger time, milliseconds. */
  expiresAt: uint,
};

export const action = union('action', {
  transfer: [1, struct({ to: hex32, amount: u64, memo: text(limits.memo) })],
  /** Items of an import, in order; `import` is the digest that the seal will have to match. */
  importChunk: [2, struct({ ...chunkHead, items: list(disbursementBody, limits.itemsPerChunk) })],
  importSeal: [3, struct({ treasury: hex32, import: hex32, chunks: u32, count: u32 })],
  approve: [4, struct({ treasury: hex32, import: hex32 })],
  cancel: [5, struct({ treasury: hex32, disbursement: hex32 })],
  lease: [6, struct({ shard: u16, request: word('acquire', 'renew', 'release') })],
  /** Carries nonce 0: `seq` counts per shard and survives a change of holder. */
  executeBatch: [7, struct({ ...batchHead, items: list(executeItem, limits.itemsPerExecuteBatch) })],
  /** `number` is the pause it opens (pauses so far + 1) or, for resume, closes: an old signature cannot serve again. */
  pause: [8, struct({ treasury: hex32, number: u32 })],
  resume: [9, struct({ treasury: hex32, number: u32 })],
  /** Carries nonce 0: it counts once for each offender, height and kind, whoever signs the transaction. */
  evidence: [10, struct({ evidence })],
  /** `version` is that of the policy or payee it replaces, 0 for a new payee. The change is known by this transaction's id. */
  proposeChange: [11, struct({ treasury: hex32, version: u32, change })],
  approveChange: [12, struct({ treasury: hex32, change: hex32 })],
  cancelChange: [13, struct({ treasury: hex32, change: hex32 })],
  /** `number` is the hold it opens (holds of this payment so far + 1) or, for release, ends. */
  hold: [14, struct({ treasury: hex32, disbursement: hex32, number: u32 })],
  release: [15, struct({ treasury: hex32, disbursement: hex32, number: u32 })],
});
export type Action = Decoded<typeof action>;
export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>;

export const transactionCodec = struct({ version: u16, chain: hex32, signer: hex32, nonce: u64, action });
export type Transaction = Decoded<typeof transactionCodec>;

/** `body` is a canonical transaction, a view of what was decoded; the signature is over `transactionHash(body)`. */
export const signedTransaction = struct({ body: view(limits.transaction), signature });
export type SignedTransaction = Decoded<typeof signedTransaction>;

/** The 32 bytes that are signed. */
export const transactionHash = (body: Uint8Array): Uint8Array => hash('bursar/transaction', body);
/** The id of a transaction: the hash that is signed; it does not depend on the signature. */
export const transactionId = (body: Uint8Array): Digest => digest('bursar/transaction', body);

/** The signer's key as it stands in a canonical transaction, a view: behind version and chain. */
export const signerKey = (body: Uint8Array): Uint8Array => body.subarray(34, 66);

/** @throws DecodeError */
export const decodeTransaction = (body: Uint8Array): Transaction => decode(transactionCodec, body);
export const encodeTransaction = (tx: Omit<Transaction, 'version'>): Uint8Array => encode(transactionCodec, { version: 1, ...tx });

/** An item of an executeBatch in canonical bytes: id 32, body hash 32, attempt u16. */
export const EXECUTE_ITEM_BYTES = 66;
const executeBatchOnly = union('action', {
  executeBatch: [7, struct({ ...batchHead, items: records(EXECUTE_ITEM_BYTES, limits.itemsPerExecuteBatch) })],
});
const importChunkOnly = union('action', {
  importChunk: [2, struct({ ...chunkHead, items: list(packedBody, limits.itemsPerChunk) })],
});
const head = { version: u16, chain: hex32, signer: hex32, nonce: u64 };
const executeBatchCodec = struct({ ...head, action: executeBatchOnly });
const importChunkCodec = struct({ ...head, action: importChunkOnly });
export type PackedExecuteBatch = Decoded<typeof executeBatchCodec>;
export type PackedImportChunk = Decoded<typeof importChunkCodec>;

/** The tag of the action stands behind version, chain, signer and nonce. */
const TAG_AT = 74;
export const isExecuteBatch = (body: Uint8Array): boolean => body[TAG_AT] === 7;
export const isImportChunk = (body: Uint8Array): boolean => body[TAG_AT] === 2;
/** As `decodeTransaction` for what `isExecuteBatch`; the items stay bytes, side by side, a view of the body. @throws DecodeError for the same bytes */
export const decodeExecuteBatch = (body: Uint8Array): PackedExecuteBatch => decode(executeBatchCodec, body);
/** As `decodeTransaction` for what `isImportChunk`; each item stays canonical bytes, a view of the body. @throws DecodeError for the same bytes */
export const decodeImportChunk = (body: Uint8Array): PackedImportChunk => decode(importChunkCodec, body);

/** The transaction by which `reporter` hands in evidence: the same bytes whenever it is made. */
export const evidenceTransaction = (chain: Digest, reporter: Hex32, evidence: Evidence): Uint8Array =>
  encodeTransaction({ chain, signer: reporter, nonce: 0n, action: { kind: 'evidence', evidence } });
