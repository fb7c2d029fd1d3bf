/** What the core needs of the rest of the cell and of its peers; adapters/ and tests implement it. */
import type { SignedMessage } from '@bursar/crypto';
import type {
  BatchRef,
  Block,
  Certificate,
  Digest,
  Evidence,
  Header,
  Message,
  SignedVote,
  TransactionResult,
  Vote,
} from '@bursar/protocol';
import type { PackedFinal } from './core/final-blocks.ts';
import type { BatchVerdict, Verdict } from './core/verify-job.ts';

/** `refused` for good: something else was signed. `unwanted`: given up, as nobody needs the vote any more. */
export type Signed = Uint8Array | 'refused' | 'unwanted';
/** crypto-signing. Every call retries while the signer does not answer; it rejects only when aborted. */
export interface SignerPort {
  publicKey(): Promise<Digest>;
  /** `isWanted` is asked after each try that failed. @throws SignerBehind */
  sign(vote: Vote, isWanted: () => boolean): Promise<Signed>;
  /** `undefined`: refused until another batch of this number has expired. */
  signBatch(ref: BatchRef, finalTime: number): Promise<Uint8Array | undefined>;
  /** Over the transaction that hands it in (`evidenceTransaction`). */
  signEvidence(evidence: Evidence): Promise<Uint8Array>;
  listSigned(fromHeight: number): Promise<SignedVote[]>;
  /** @throws SignerBehind */
  reconcile(known: readonly SignedVote[]): Promise<void>;
}

export interface StorageStatus {
  readonly height: number;
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
  readonly timeMs: number;
  readonly nextBatch: readonly number[];
}
export interface FinalBlock {
  readonly block: Block;
  readonly certificate: Certificate;
}
export interface CommitAnswer {
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
  /** Canonical transaction results, in the order of the block. */
  readonly results: readonly Uint8Array[];
}
/** storage. `commit` and the calls of the start retry for ever. */
export interface StoragePort {
  status(): Promise<StorageStatus>;
  /** Final blocks of these heights, in order, both ends included. */
  blocks(from: number, to: number): Promise<FinalBlock[]>;
  /** @throws StateForkDetected, SequenceGap */
  commit(block: Block, certificate: Certificate, bodies: readonly Uint8Array[]): Promise<CommitAnswer>;
  /** Consecutive blocks, in one go. `undefined`: refused, they are not certified or not what they say. @throws StateForkDetected, SequenceGap */
  commitRun(run: readonly PackedFinal[]): Promise<readonly CommitAnswer[] | undefined>;
  /** As they travel between validators (wire.FinalBlocks), as many as fit; one try. `undefined`: not there, or storage is down. */
  finalBlocks(from: number, to: number): Promise<Uint8Array | undefined>;
  /** `undefined`: not final yet. One try. @throws PeerUnreachable, ProcessingTimeout */
  transaction(
    id: Digest,
  ): Promise<{ readonly result: TransactionResult; readonly provable: boolean; readonly certificateKind: string } | undefined>;
}

/** Signatures of transactions and batches, off the main loop. @throws QueueFull, InsufficientResources */
export interface VerifyPort {
  transaction(encoded: Uint8Array): Promise<Verdict>;
  transactions(encoded: readonly Uint8Array[]): Promise<readonly Verdict[]>;
  batch(encoded: Uint8Array, origin: { readonly publicKey: Uint8Array; readonly signature: Uint8Array } | undefined): Promise<BatchVerdict>;
}

/** Signatures of votes, off the main loop where that helps: for each group whether all of it holds. One job at a time. @throws SignatureVerificationTimeout, InsufficientResources */
export interface SignaturePort {
  verify(groups: readonly (readonly SignedMessage[])[]): Promise<readonly boolean[]>;
}

/** What leaves for other validators. Lossy: nothing says whether it arrived. */
export interface PeersPort {
  broadcast(message: Message): void;
  notice(to: number, header: Header, certificate: Certificate): void;
  batch(encoded: Uint8Array, signature: Uint8Array): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}
