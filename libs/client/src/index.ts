/** The client: keys, transactions, several validators behind one connection, proofs that verify offline. */
export {
  type BuiltImport,
  buildImport,
  type ImportRequest,
  type ImportViolation,
  importError,
  type RefusedImport,
} from './build-import.ts';
export {
  type Connection,
  connect,
  type LedgerClient,
  mayWorkElsewhere,
  type TransactionsClient,
  type ValidatorAddress,
  type ValidatorClient,
} from './connection.ts';
export { dependenciesFirst, findCycle } from './dependency-graph.ts';
export { fetchPaymentProof } from './fetch-payment-proof.ts';
export { findTransaction } from './find-transaction.ts';
export { type Follow, type FollowStep, openFollow } from './follow.ts';
export { type ClientKey, createKeyFile, keyFromSeed, readKeyFile } from './key-file.ts';
export { dependenciesOf, hintedDependencies, keptMemo, MEMO_BYTES } from './memo.ts';
export { clientKeyProblem, type PaymentOrder } from './payment-order.ts';
export { BadProofFile, formatPaymentProof, type PaymentProof, parsePaymentProof } from './payment-proof.ts';
export type { ProofLink } from './proof-links.ts';
export { type AccountState, type ReadAccountOptions, readAccount } from './read-account.ts';
export { type Settled, type SettleOptions, settle, settleEach, settleMany, submit } from './settle.ts';
export {
  type Author,
  buildApproval,
  buildCancel,
  buildChange,
  buildChangeApproval,
  buildChangeCancel,
  buildHold,
  buildPause,
  buildRelease,
  buildResume,
  buildTransaction,
  buildTransfer,
  type Signed,
  signTransaction,
  type Unsigned,
} from './sign-transaction.ts';
export { type ProofVerdict, type ProvenPayment, verifyPaymentProof } from './verify-payment-proof.ts';
export { type TransactionProof, verifyTransactionProof } from './verify-transaction-proof.ts';
