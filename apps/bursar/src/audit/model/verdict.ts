/** What must become of a transaction or an item, by the blocks before it. */
import type { RejectionName } from '@bursar/protocol';

export interface Verdict {
  /** Why it must be refused; undefined: it must be done. */
  readonly expected: RejectionName | undefined;
  /** Also right: what depends on bounds of memory or on steps that the model does not follow. */
  readonly tolerated?: readonly RejectionName[];
  /** What follows when the block says that it was done, rightly or not. */
  readonly apply?: () => void;
}
export const refused = (expected: RejectionName, ...tolerated: RejectionName[]): Verdict => ({ expected, tolerated });
/** The first reason that holds, of those in the order in which they are judged. */
export const firstOf = (...reasons: readonly (RejectionName | false | undefined)[]): RejectionName | undefined =>
  reasons.find((r) => r !== false && r !== undefined) || undefined;
