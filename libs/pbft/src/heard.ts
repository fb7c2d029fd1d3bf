/** What is remembered of one validator's signatures (K6); see witness.ts. */
import type { EvidenceKind, Statement } from '@bursar/protocol';

/** A statement as it is remembered: its signature as a Latin-1 string takes a third of the memory of an array. */
export type Remembered = Omit<Statement, 'signature'> & { readonly signature: string };
/** One validator at one height. */
export interface Heard {
  /** The first of each phase and view. */
  readonly statements: readonly Remembered[];
  /** Evidence that was given already. */
  readonly told: readonly EvidenceKind[];
}
export const nothingHeard: Heard = { statements: [], told: [] };
