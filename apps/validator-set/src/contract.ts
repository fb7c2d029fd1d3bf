/** What validator-set says of itself (C1, C21). */
import type { ContractFacts } from '@bursar/shared-core';

export const contract: ContractFacts = {
  id: 'validator-set',
  version: '0.1.0',
  responsibility: 'Says who may vote, with what weight, and who leads, as final blocks decide it.',
  owns: ['the sets of the epochs', 'the leader schedule', 'the record of proposed blocks and skipped views'],
  doesNotOwn: [
    { what: 'stake as money', owner: 'storage' },
    { what: 'votes and finality', owner: 'consensus' },
    { what: 'keys of validators', owner: 'crypto-signing' },
    { what: 'final blocks', owner: 'storage' },
  ],
  accepts: [
    'validator_set.v1.ValidatorSet: reads, from anybody',
    'final blocks: Ledger.StreamBlocks of the storage of the cell; storage.v1.BlockFinal on NATS as a hint to look there',
  ],
  produces: ['replies; nothing else'],
  rejectsWhen: [
    '1004 MalformedMessage: a request breaks the rules of the proto',
    '5001 QueueFull: too many calls at once',
    '8201 NotFound: no such epoch or validator, or a schedule that is too old to be kept',
    '8202 NotFinal: the height is not open yet',
    '8303 StateForkDetected: a streamed block contradicts the chain; the process stops with 70',
  ],
  validates: [
    'requests against the rules of the proto',
    'each final block: certificate, chain, height without gaps, parent, next set, beacon, proposer by the schedule',
  ],
  states: ['catching up', 'following'],
  scales: 'One for each validator; it holds less than 1 KiB a validator and a bounded window of schedules.',
  fails:
    'It persists nothing: a restart derives everything again from the final blocks of its storage. While storage is away it answers what it knows and is unready.',
  exposes: ['gRPC: validator_set.v1.ValidatorSet, common.v1.Contract, health, reflection', 'admin HTTP: /livez /readyz /metrics'],
};
