/** What crypto-signing says of itself (C1, C21). */
import type { ContractFacts } from '@bursar/shared-core';

export const contract: ContractFacts = {
  id: 'crypto-signing',
  version: '0.1.0',
  responsibility: "Holds a validator's key and signs with it, never two different things in one place.",
  owns: ['the key of one validator, encrypted at rest', 'the record of everything that it signed'],
  doesNotOwn: [
    { what: 'what is worth a vote', owner: 'consensus' },
    { what: 'which key belongs to which validator', owner: 'validator-set' },
    { what: 'keys of clients, approvers and executors', owner: 'their holders, in files of mode 0600' },
  ],
  accepts: ['signing.v1.Signing: one kind of request for each purpose, on a stream of the own cell (bearer token)'],
  produces: [
    'ed25519 signatures over hashes that this service computes itself from typed fields: votes, batches, evidence against others',
    'the list of what was signed, for consensus at its start',
  ],
  rejectsWhen: [
    '8203 Unauthenticated: no valid token of the cell',
    '8002 FieldInvalid: a field breaks its rule in the proto',
    '7301 EvidenceInvalid: the evidence that it is to hand in proves nothing',
    '8301 DoubleSignRefused: something else was signed for this height, view and phase, the view was left, the height is 1,000 below the newest, or another batch of this number can still be ordered',
    '8302 SignerBehind: a genuine signature of this key is missing from the record; from then on everything is refused, over restarts too',
  ],
  validates: [
    'requests against the rules of the proto',
    'one digest for each (height, view, phase); a PrePrepare counts as its Prepare',
    'views of a height never go back',
    'at start: every row of the record, and that the key is that of this validator in the genesis',
  ],
  states: ['starting', 'serving', 'behind (refuses everything until its record is restored)'],
  scales: 'Exactly one for each validator. A second copy with the same key is the one thing that can cost this validator its stake.',
  fails:
    'A signature leaves only after its row is on disk. kill -9 at any time: the same request gets the same signature. A full disk ends the process with 69, a failed write with 70, a damaged record with 70 and the place of the damage; a lost record is noticed by Reconcile.',
  exposes: ['gRPC: signing.v1.Signing, common.v1.Contract, health, reflection', 'admin HTTP: /livez /readyz /metrics'],
};
