/** Records of the intent journal, in the canonical form of docs/protocol.md. */
import { bytes, type Decoded, hex32, limits, signature, struct, text, uint, union, word } from '@bursar/protocol';

/** How a batch ended. `applied`: its result is provable. The others: it was never executed and never will be. */
export const ending = word('applied', 'reused', 'expired', 'fenced');
export type Ending = Decoded<typeof ending>;

export const journalRecord = union('journal record', {
  /** On disk before the batch leaves the process. */
  intent: [1, struct({ body: bytes(limits.transaction), signature, traceparent: text(64) })],
  /** A final block that was known when something was signed, or later. */
  seen: [3, struct({ chain: hex32, height: uint })],
  done: [2, struct({ transaction: hex32, ending, height: uint })],
});
export type JournalRecord = Decoded<typeof journalRecord>;
