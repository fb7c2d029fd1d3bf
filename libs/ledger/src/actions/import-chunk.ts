import {
  type Digest,
  digest,
  digestOf,
  fromHex,
  hex32,
  limits,
  type PackedImportChunk,
  type RejectionName,
  records,
  struct,
  u32,
} from '@bursar/protocol';
import { checkBody } from '../body-check.ts';
import { bounds, STAGED_OVERHEAD_BYTES } from '../bounds.ts';
import { StagedItems } from '../staged-items.ts';
import { openOf, openStaging } from '../stagings.ts';
import type { State } from '../state.ts';

const chunkCodec = struct({ before: hex32, index: u32, hashes: records(32, limits.itemsPerChunk) });

/** Takes one chunk; all that needs no other chunk is checked and hashed now, so that the seal has little left to do. */
export function importChunk(s: State, signer: Digest, a: PackedImportChunk['action']): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.proposers.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (imported?.state === 'sealed' || imported?.state === 'approved') return 'ImportSealed';
  if (a.items.length === 0 || a.index >= limits.itemsPerImport) return 'FieldInvalid';

  const items = StagedItems.from(a.items);
  const id = fromHex(a.treasury);
  for (let i = 0; i < items.count; i++) {
    const wrong = checkBody(items, i, id);
    if (wrong) return wrong;
  }
  const bytes = items.bodies.length + items.count * STAGED_OVERHEAD_BYTES;
  const staging = openStaging(s, treasury, a.import, signer);
  if (typeof staging === 'string') return staging;
  const before = staging.chunks.get(a.index);
  const content = digest('bursar/state/chunk-items', items.bodyHashes);
  if (before) return before.digest === content ? undefined : 'ImportMismatch';
  if (staging.items + items.count > limits.itemsPerImport) return 'ImportTooLarge';
  if (openOf(s, signer).bytes + bytes > bounds.openBytesPerProposer || s.stagedBytes + bytes > bounds.openBytes) return 'ImportTooLarge';

  staging.chunks.set(a.index, { digest: content, items });
  staging.maxIndex = Math.max(staging.maxIndex, a.index);
  staging.items += items.count;
  staging.bytes += bytes;
  s.stagedBytes += bytes;
  staging.digest = digestOf('bursar/state/chunk', chunkCodec, { before: staging.digest, index: a.index, hashes: items.bodyHashes });
  s.touchImport(staging.import);
  return undefined;
}
