/** What storage says of itself (C1, C21). */
import type { ContractFacts } from '@bursar/shared-core';

export const contract: ContractFacts = {
  id: 'storage',
  version: '0.1.0',
  responsibility: 'Executes final blocks, keeps them with their receipts durably, and answers what the ledger holds, with proofs.',
  owns: [
    'final blocks and their certificates',
    'batch bodies of final blocks',
    'accounts, treasuries with their policies, payees and changes, imports, disbursements, leases',
    'receipts and results',
    'postings of every account with the balance after each: in memory, about 54 bytes a payment or transfer, made again from the log',
    'the state root',
    'the outbox',
  ],
  doesNotOwn: [
    { what: 'the order of transactions, finality', owner: 'consensus' },
    { what: 'who may vote and who leads', owner: 'validator-set' },
    { what: 'keys of validators', owner: 'crypto-signing' },
    { what: 'which approved payment is tried when', owner: 'treasury-executor' },
  ],
  accepts: [
    'storage.v1.Commits/Commit: blocks with commit certificate and bodies, on a stream of the own cell (bearer token)',
    'storage.v1.Commits/CommitRun: consecutive blocks of a catch-up, made durable by one fsync, from the own cell (bearer token)',
    'storage.v1.Commits/GetFinalBlocks: heights, from the own cell (bearer token)',
    'storage.v1.Ledger: reads, and streams of blocks and of views of a shard, from anybody',
  ],
  produces: [
    'replies with the roots after a block, once it is durable',
    'storage.v1.BlockFinal on bursar.<chain>.storage.v1.block.final.<validator> (JetStream stream BURSAR_<chain>_BLOCKS), one for each block, from the outbox',
    'spans "execute <kind>" and "receipt" in the traces of the calls that caused them',
  ],
  rejectsWhen: [
    '1001 InvalidSignature, 1002 UnknownValidator, 4001 QuorumNotReached: the certificate proves nothing',
    '1004 MalformedMessage: no canonical bytes, or bodies that are not those of the references',
    '2004 SequenceGap: the block is more than one above the newest',
    '5001 QueueFull: too many calls at once',
    '7001, 7008, 7101, 7116, 7120, 7133, 8201: nothing is known under this id',
    '7005 WrongChain: the block is of another chain',
    '7207 UnknownShard, 8002 FieldInvalid: a field of a read',
    '8202 NotFinal: the header that proves it is not final yet',
    '8203 Unauthenticated: no valid token of the cell',
    '8303 StateForkDetected: a certified block contradicts this chain; the process stops with 70',
  ],
  validates: [
    'requests against the rules of the proto',
    'certificate: members, quorum by stake, every signature; inside a run one that the certified header after it names by digest needs none',
    'header: version, chain, epoch, height, parent, time, state root and results root of the block before',
    'bodies: digest, size, origin, number, expiry and count of each reference',
    'at start: every record of the log, every root by execution, the certificate of the newest block',
  ],
  states: ['replaying', 'serving', 'stopped by a safety violation (exit 70)'],
  scales: 'One for each validator; reads scale by the number of validators, any of which may be asked.',
  fails:
    'A block is answered only after one fdatasync has made block, certificate, bodies, results and outbox row durable together; kill -9 at any time and restart replays the log. A fork, a damaged record and a failed write end the process with 70 and a dump, a full disk with 69. A lost NATS delays events and nothing else.',
  exposes: ['gRPC: storage.v1.Ledger, storage.v1.Commits, common.v1.Contract, health, reflection', 'admin HTTP: /livez /readyz /metrics'],
};
