/** What goes wrong in the executor: errors of its adapters in the words of the core, and its own. */
import type { ErrorReason, Explain } from '@bursar/executor';
import { type BursarError, coreError, EXIT, errorFrom, rejection } from '@bursar/shared-core';

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

const JOURNAL = new Set(['LOG_FAILED', 'DISK_FULL', 'LOG_CORRUPT']);

/** A stranger counts as internal; what is none of the kinds above is a refusal. */
export const explain: Explain = (thrown) => {
  const { reason, message } = errorFrom(thrown);
  return {
    reason: KINDS[reason] ?? 'rejected',
    message,
    duplicate: reason === 'DUPLICATE_MESSAGE',
    journal: JOURNAL.has(reason),
  };
};

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
