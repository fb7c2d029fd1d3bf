import { type BatchRef, limits, type RejectionName } from '@bursar/protocol';

/** All bodies of a block together, bytes. */
export const MAX_BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * K3: nothing is ordered twice and nothing is left out. References stand by origin, each origin's from its next number on without
 * gaps, none expired at the block's time, and all together within the bounds.
 */
export function checkRefs(refs: readonly BatchRef[], nextBatch: readonly number[], time: number): RejectionName | undefined {
  if (refs.length > limits.batchesPerBlock) return 'MalformedMessage';
  let bytes = 0;
  let before: BatchRef | undefined;
  for (const ref of refs) {
    if (before !== undefined && ref.origin < before.origin) return 'MalformedMessage';
    const due = before?.origin === ref.origin ? before.number + 1 : nextBatch[ref.origin];
    if (ref.number !== due) return 'MalformedMessage'; // also an origin outside the set
    if (ref.expiresAt < time) return 'BatchExpired';
    if (ref.bytes > limits.batch) return 'MalformedMessage';
    bytes += ref.bytes;
    before = ref;
  }
  return bytes > MAX_BLOCK_BYTES ? 'MalformedMessage' : undefined;
}
