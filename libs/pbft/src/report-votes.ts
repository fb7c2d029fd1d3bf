import type { Certificate, ViewChange } from '@bursar/protocol';
import type { Place } from './choose.ts';

/** What a validator remembers of its votes of one height. */
export interface Memory {
  /** The highest view in which it sent (or may have sent) a Prepare. */
  readonly lastVote: Place | undefined;
  /** The PreparedCert of highest view. */
  readonly prepared: Certificate | undefined;
}
export type VoteReport = ViewChange;

/** docs/protocol.md "View change": one lastVote, even if never prepared, and one PreparedCert, the highest of each. */
export const reportVotes = (memory: Memory): VoteReport => ({ lastVote: memory.lastVote, prepared: memory.prepared });
