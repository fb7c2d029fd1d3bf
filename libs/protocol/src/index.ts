export { type AccountId, formatAccount, parseAccount } from './account.ts';
export {
  type ApprovalPolicy,
  approvalPolicy,
  approvalProblems,
  approvalsByRole,
  bandOf,
  mOfN,
  rolesByKey,
  suffices,
} from './approval-policy.ts';
export { type Batch, type BatchEntry, type BatchRef, batchCodec, batchDigest, batchEntry, batchHash, batchRef } from './batch.ts';
export { type Block, batchRefs, batchRefsDigest, block, type Header, header, headerDigest } from './block.ts';
export { ByteList, byteList } from './byte-list.ts';
export { type Change, change, PAYEE_TEXT, type PayeeDetails, payeeDetails } from './change.ts';
export { type Codec, type Decoded, DecodeError, decode, encode, Reader, Writer } from './codec.ts';
export { bool, bytes, hex32, list, optional, records, signature, struct, text, u8, u16, u32, u64, uint, union, word } from './codecs.ts';
export {
  bodyHash,
  type DisbursementBody,
  disbursementBody,
  disbursementId,
  importDigest,
  importLeaf,
  type Lane,
  PLAIN_END,
  packedBody,
} from './disbursement.ts';
export {
  checkEvidence,
  contradiction,
  type Evidence,
  type EvidenceContext,
  type EvidenceKind,
  evidence,
  evidenceDigest,
  evidenceKind,
  evidenceKinds,
  evidenceOf,
  type Said,
  type Statement,
  statement,
  voteOf,
} from './evidence.ts';
export { chainId, type Genesis, genesisCodec, treasuryAccount, treasuryId } from './genesis.ts';
export { BadGenesis, formatGenesis, parseGenesis } from './genesis-json.ts';
export { digest, digestOf, HashRoom, hash, hashOf } from './hash.ts';
export { type Digest, equalBytes, fromHex, type Hex32, isHex32, toHex, ZERO_DIGEST } from './hex.ts';
export { limits } from './limits.ts';
export {
  type Message,
  type MessageOf,
  message,
  type NewView,
  newView,
  newViewDigest,
  type ViewChange,
  viewChange,
  viewChangeDigest,
} from './message.ts';
export { formatAmount, MAX_AMOUNT, parseAmount } from './money.ts';
export { limitProblems, NO_LIMITS, type PaymentLimits, paymentLimits } from './payment-limits.ts';
export { BadPolicy, parsePolicy, policyJson } from './policy-json.ts';
export { findRejection, type Rejection, type RejectionName, rejections, type Severity } from './rejections.ts';
export {
  isReceipt,
  type PaymentReceipt,
  peekCode,
  peekTransactionResult,
  type Result,
  receiptAt,
  result,
  resultLeaf,
  type TransactionResult,
} from './result.ts';
export {
  type Action,
  type ActionOf,
  decodeExecuteBatch,
  decodeImportChunk,
  decodeTransaction,
  EXECUTE_ITEM_BYTES,
  type ExecuteItem,
  encodeTransaction,
  evidenceTransaction,
  isExecuteBatch,
  isImportChunk,
  type PackedExecuteBatch,
  type PackedImportChunk,
  type SignedTransaction,
  signedTransaction,
  signerKey,
  type Transaction,
  transactionCodec,
  transactionHash,
  transactionId,
} from './transaction.ts';
export {
  MAX_DELAY_MS,
  NO_DELAYS,
  type NumberedPolicy,
  numberedPolicy,
  policyDigest,
  policyProblems,
  type TreasuryPolicy,
  treasuryPolicy,
} from './treasury-policy.ts';
export {
  type Certificate,
  certificate,
  certificateDigest,
  type Phase,
  phase,
  type SignedVote,
  signedVote,
  type Vote,
  vote,
  voteHash,
} from './vote.ts';
