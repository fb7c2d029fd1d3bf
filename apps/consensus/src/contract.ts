/** What this service says of itself (C1, C21). */
import type { ContractFacts } from '@bursar/shared-core';

export const contract: ContractFacts = {
  id: 'consensus',
  version: '0.1.0',
  responsibility: 'Orders the batches of all validators into blocks that are final for ever once a quorum of the stake has signed them.',
  owns: [
    'pending transactions (mempool)',
    "this validator's batches",
    'the vote log',
    'the open height: proposals, votes, view changes',
    'finality certificates of the blocks it commits',
    'evidence that it found, until a block has recorded it',
  ],
  doesNotOwn: [
    { what: 'blocks, receipts and all money', owner: 'storage' },
    { what: 'who may vote and who leads', owner: 'validator-set' },
    { what: 'the validator key and the record of what it signed', owner: 'crypto-signing' },
    { what: 'which payments are due', owner: 'treasury-executor' },
  ],
  accepts: [
    'Transactions.Submit and SubmitBatch: signed transactions of at most 256 KiB',
    'Transactions.Wait and Watch: what became of a transaction',
    'Transactions.Follow: many transactions on one stream, and every step of each; at most 1,000 under way on it',
    'Consensus.GetStatus, ListRounds, ListTransitions, GetPipeline, GetFinality, ListEvidence, GetEvidence',
    'PrePrepare, Prepare, Commit, ViewChange, NewView of other validators on NATS, at most 10 KiB each',
    'batches of other validators on NATS, at most 512 KiB each; fetch requests; final notices',
  ],
  produces: [
    'signed votes, proposals and view changes; batches; final notices',
    'final blocks with their certificates, given to storage',
    'evidence against validators that contradict themselves, as transactions of its own key (K6)',
    'events ConsensusProgress, BlockFinalized, ValidationRejected, ViewChangeTriggered, HealthAlert on NATS',
    'a result for each transaction, once it is provable',
  ],
  rejectsWhen: [
    'MalformedMessage, InvalidSignature, WrongChain, TransactionTooLarge: what was submitted is wrong',
    'QueueFull, RateLimited: more than one sender may have waiting or say in a second; RetryInfo says when a client may come again',
    'InsufficientResources: memory is short; clients are refused first, then batches, then messages of other heights, votes of the open height never',
    'UnknownValidator, MessageExpired, DuplicateMessage, OutOfSequence, SequenceGap, InvalidPhase, InvalidView, WrongValidator, QuorumNotReached: a message that does not fit; an early one is kept',
    'SignatureVerificationTimeout: a job of the verifying thread did not come back; PeerUnreachable, ProcessingTimeout: a peer that was asked; NetworkPartitionDetected: no quorum is heard',
    'ConflictingVotes, EquivocationDetected: a validator contradicts itself',
    'EvidenceInvalid: evidence that a client hands in proves nothing',
  ],
  validates: [
    'consensus messages by six gates in this order: structure, signature, sequence, replay, phase, quorum; each takes only what the one before let through',
    'signatures of transactions and batches in worker threads, those of votes together for each turn of the event loop, each exactly once per validator',
    'a proposal against the own state root, the certificate before it, its leader, its time and all its bodies',
  ],
  states: ['Idle', 'WaitingForPrepares', 'Prepared', 'WaitingForCommits', 'Committed'],
  scales:
    'One process for each validator. Throughput grows with the size of batches; more validators mean more votes, not more throughput.',
  fails:
    'Votes, transactions and batches are on disk before they leave, so a killed process starts again with all it promised and catches up from its peers. Up to a third of the stake may be missing or lie. A failed write or a violated safety rule stops the process (exit 1 or 70).',
  exposes: [
    'gRPC (50051): bursar.consensus.v1.Transactions, bursar.consensus.v1.Consensus, bursar.common.v1.Contract, health, reflection',
    'HTTP (8080): /livez, /readyz, /metrics',
    'NATS: bursar.<chain>.consensus.v1.{vote,batch,final,fetch}.<validator> and events',
  ],
};
