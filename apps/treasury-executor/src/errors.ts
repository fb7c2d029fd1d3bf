/** What goes wrong in the executor, as a closed set for metrics, and what each kind means for the breaker. */
import { type BursarError, coreError, EXIT, errorFrom, rejection } from '@bursar/shared-core';

/** Label values of treasury_execution_errors_total. */
export const ERROR_REASONS = [
  'transport',
  'timeout',
  'internal',
  'overloaded',
  'rejected',
  'fenced',
  'expired',
  'seq_reused',
  'paused',
  'item_refused',
  'lease_lost',
] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

const KINDS: Readonly<Record<string, ErrorReason>> = {
  PEER_UNREACHABLE: 'transport',
  DEPENDENCY_UNAVAILABLE: 'transport',
  NETWORK_PARTITION_DETECTED: 'transport',
  CANCELLED: 'transport',
  PROCESSING_TIMEOUT: 'timeout',
  SIGNATURE_VERIFICATION_TIMEOUT: 'timeout',
  INTERNAL: 'internal',
  UNIMPLEMENTED: 'internal',
  QUEUE_FULL: 'overloaded',
  RATE_LIMITED: 'overloaded',
  INSUFFICIENT_RESOURCES: 'overloaded',
};

/** Why a call failed. */
export const errorReason = (error: unknown): ErrorReason => KINDS[errorFrom(error).reason] ?? 'rejected';

/** docs/treasury.md: transport errors, time-outs and internal errors count; business outcomes do not. */
export const countsForBreaker = (reason: ErrorReason): boolean => reason === 'transport' || reason === 'timeout' || reason === 'internal';

/** The validator has it already: that is what was wanted. */
export const isDuplicate = (error: unknown): boolean => errorFrom(error).reason === 'DUPLICATE_MESSAGE';

/** The journal cannot be written: nothing may be signed any more, and the process must stop. */
export const isJournalFailure = (error: unknown): boolean => ['LOG_FAILED', 'DISK_FULL', 'LOG_CORRUPT'].includes(errorFrom(error).reason);

export const behind = (height: number, seen: number): BursarError =>
  rejection('PeerUnreachable', `every storage that answers is behind: block ${height}, ${seen} was seen before`);

export const notAnExecutor = (key: string): BursarError =>
  coreError('Configuration', `the key ${key} is not an executor of any treasury in the genesis`, { exitCode: EXIT.config });

export const noSuchShard = (shard: number, shards: number): BursarError =>
  coreError('Configuration', `there is no shard ${shard}; the genesis has ${shards}, counted from 0`, { exitCode: EXIT.config });

export const badAddresses = (consensus: number, storage: number): BursarError =>
  coreError(
    'Configuration',
    `${consensus} consensus addresses and ${storage} storage addresses were given; give one of each for each validator`,
    {
      exitCode: EXIT.config,
    },
  );

/** A damaged journal may be moved away: what was signed and not resolved is fenced by the next lease. */
export function journalCorrupt(dir: string, thrown: unknown): BursarError {
  const error = errorFrom(thrown);
  if (error.reason !== 'LOG_CORRUPT') return error;
  const remedy = `Move the folder ${dir} away and start again: the ledger knows what was paid, and pays nothing twice.`;
  return coreError('LogCorrupt', error.message, { details: error.details, exitCode: error.exitCode, remedy, cause: thrown });
}
