/** What treasury-executor says of itself (C1, C21). */
import type { ContractFacts } from '@bursar/shared-core';

export const contract: ContractFacts = {
  id: 'treasury-executor',
  version: '0.1.0',
  responsibility: 'Turns approved payments into ExecuteBatch transactions and sees each through; it can delay money, never duplicate it.',
  owns: [
    'the journal of the batches that it signed',
    'its circuit breaker',
    'the key of one executor',
    'which ready payment is tried when',
  ],
  doesNotOwn: [
    { what: 'money, the record of what was paid, leases', owner: 'storage' },
    { what: 'the order of transactions', owner: 'consensus' },
    { what: 'approval and pause', owner: 'approvers and guardians, by their signatures' },
    { what: 'keys of proposers, approvers and guardians', owner: 'their holders, in files of mode 0600' },
  ],
  accepts: [
    'treasury.v1.Treasury: payments to prepare, signed transactions to forward, imports to watch; from anybody',
    'treasury.v1.Executor: GetStatus from anybody, SetPlanning and Redrive with its bearer token',
    'Ledger.WatchShard, ListReady, GetLease, GetTransaction of several storages; storage.v1.BlockFinal on NATS as a hint to look',
  ],
  produces: [
    'signed executeBatch and lease transactions, through Transactions.Submit',
    'unsigned canonical transactions for callers to sign',
    'spans "execute-batch" in the trace of the import',
  ],
  rejectsWhen: [
    '8002 FieldInvalid, 7006 AmountInvalid, 7102 ClientKeyConflict, 7104 DependencyCycle, 7105 DependencyMissing: payments that cannot be imported, with every wrong field',
    '7001 UnknownAccount, 7101 UnknownDisbursement, 7120 ImportUnknown: nothing is known under this id',
    'what the ledger refused of the transactions that SubmitSigned forwarded, under the ledger’s code',
    '5001 QueueFull: too many calls at once',
    '5003 ProcessingTimeout: the outcome of forwarded transactions is not known yet; sending them again is safe',
    '6001 PeerUnreachable: no storage or no validator answers',
    '8203 Unauthenticated: SetPlanning or Redrive without its token',
  ],
  validates: [
    'requests against the rules of the proto',
    'payments: form, amounts, duplicate keys, cycles, dependencies that neither the import nor the ledger knows',
    'at start: the genesis, that its key is an executor of a treasury, the journal',
    'nothing of what makes a payment right: the ledger checks that again for every batch',
  ],
  states: [
    'without lease',
    'resolving batches of an earlier run',
    'holding the lease',
    'standing by for another holder',
    'planning stopped',
  ],
  scales:
    'One active executor a shard, any number standing by: the lease decides. A window of batches is in flight, each with up to 1,000 payments.',
  fails:
    'kill -9 at any time: batches from the journal are sent again as they are, and each is resolved by its result or by proof that it can never be executed. Losing the journal is safe. Five failures within 300 s open the breaker for 60 s. A full disk ends the process with 69, a journal that cannot be written or is damaged with 70.',
  exposes: [
    'gRPC: treasury.v1.Treasury, treasury.v1.Executor, common.v1.Contract, health, reflection',
    'admin HTTP: /livez /readyz /metrics',
  ],
};
