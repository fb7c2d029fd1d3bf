import type { Digest } from '@bursar/protocol';
import type { Leafed } from './entities.ts';
import type { State } from './state.ts';
import {
  accountLeaf,
  chainLeaf,
  changeLeaf,
  disbursementLeafInto,
  holdLeaf,
  importLeafOf,
  leaseLeaf,
  offenderLeaf,
  payeeLeaf,
  treasuryLeaf,
} from './state-codecs.ts';

/** The slot of the chain's own leaf. */
export const CHAIN_SLOT = 0;

const leafOut = new Uint8Array(32);

/** Writes the leaf of everything that changed since the last call, once each, and returns the state root. */
export function commitLeaves(s: State): Digest {
  const { tree, disbursements: d } = s;
  tree.begin();
  tree.put(
    CHAIN_SLOT,
    chainLeaf({
      chain: s.chain,
      height: s.height,
      time: s.time,
      supply: s.books.supply,
      payments: s.payments,
      sequence: s.sequence,
      deferred: s.tasks.size,
      nextBatch: s.nextBatch,
    }),
  );
  const write = <T extends Leafed>(dirty: T[], leaf: (entity: T) => Uint8Array): void => {
    for (const entity of dirty) {
      entity.dirty = false;
      tree.put(entity.slot, leaf(entity));
    }
    dirty.length = 0;
  };
  write(s.books.dirty, accountLeaf);
  write(s.dirtyTreasuries, treasuryLeaf);
  write(s.dirtyImports, importLeafOf);
  write(s.dirtyLeases, leaseLeaf);
  write(s.dirtyOffenders, offenderLeaf);
  write(s.dirtyChanges, changeLeaf);
  write(s.dirtyPayees, payeeLeaf);
  write(s.dirtyHolds, holdLeaf);
  for (const n of s.dirtyDisbursements) {
    d.dirty[n] = 0;
    disbursementLeafInto(d, n, s.imports, s.executions, leafOut, 0);
    tree.put(d.slot[n] as number, leafOut);
  }
  s.dirtyDisbursements.length = 0;
  return tree.finish();
}
