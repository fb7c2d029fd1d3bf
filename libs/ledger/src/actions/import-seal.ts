import { merkleRootOf } from '@bursar/merkle';
import { type ActionOf, type Hex32, importDigest, limits, type RejectionName } from '@bursar/protocol';
import { admitImport } from '../admit-import.ts';
import { checkImport } from '../check-import.ts';
import type { Refusal, Staging } from '../entities.ts';
import { StagedItems } from '../staged-items.ts';
import { dropStaging, findStaging, refuse } from '../stagings.ts';
import type { State } from '../state.ts';

/** Closes an import: everything is recomputed from the chunks that arrived, and it becomes visible as one or not at all. */
export function importSeal(s: State, signer: Hex32, a: ActionOf<'importSeal'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.proposers.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (imported?.state === 'sealed' || imported?.state === 'approved') return 'ImportSealed';
  const staging = findStaging(s, treasury, a.import, signer);
  if (!staging) return 'ImportUnknown';
  if (a.chunks === 0 || a.count === 0) return 'FieldInvalid';
  if (a.count > limits.itemsPerImport) return 'ImportTooLarge';

  if (staging.maxIndex >= a.chunks) return refused(s, staging, { reason: 'ImportMismatch' });
  if (staging.chunks.size < a.chunks) return 'ImportIncomplete'; // stays open: the missing chunks may still come
  const chunks = [...staging.chunks].sort(([a], [b]) => a - b);
  const items = StagedItems.concat(chunks.map(([, chunk]) => chunk.items));
  const root = merkleRootOf(items.leaves);
  if (items.count !== a.count || importDigest(a.treasury, root) !== a.import) return refused(s, staging, { reason: 'ImportMismatch' });
  const plan = checkImport(s, treasury, signer, items);
  if ('reason' in plan) return refused(s, staging, plan);

  const sealed = staging.import;
  // Whoever else sent chunks of the same digest sent the same items.
  for (const other of [...sealed.stagings.values()]) dropStaging(s, other);
  sealed.proposer = signer;
  sealed.state = 'sealed';
  sealed.refusal = undefined;
  sealed.chunks = a.chunks;
  admitImport(s, sealed, items, plan);
  s.touchImport(sealed);
  return undefined;
}

function refused(s: State, staging: Staging, refusal: Refusal): RejectionName {
  refuse(s, staging, refusal);
  return refusal.reason;
}
