import type { Planted } from '../../mutants/hunt.ts';
import type { Edit } from '../../mutants/mutant.ts';
import type { TreasuryInvariant } from '../invariants.ts';

/** A bug planted on purpose into the executor or the ledger that ship. */
export interface TreasuryMutant extends Planted {
  readonly edits: readonly Edit[];
  readonly breaks: readonly TreasuryInvariant[];
}
