import {
  type ActionOf,
  type Digest,
  type DisbursementBody,
  digest,
  disbursementBody,
  disbursementId,
  encode,
  fromHex,
  hex32,
  importLeaf,
  limits,
  list,
  type RejectionName,
  struct,
  u32,
} from '@bursar/protocol';
import { checkBody } from '../body-check.ts';
import { bounds, STAGED_OVERHEAD_BYTES } from '../bounds.ts';
import type { StagedItem } from '../entities.ts';
import { openOf, openStaging } from '../stagings.ts';
import type { State } from '../state.ts';

const chunkCodec = struct({ before: hex32, index: u32, hashes: list(hex32, limits.itemsPerChunk) });

/** Takes one chunk; all that needs no other chunk is checked and hashed now, so that the seal has little left to do. */
export function importChunk(s: State, signer: Digest, a: ActionOf<'importChunk'>): RejectionName | undefined {
  const treasury = s.treasuries.get(a.treasury);
  if (!treasury) return 'UnknownTreasury';
  if (!treasury.rules.proposers.has(signer)) return 'NotAuthorised';
  const imported = s.findImport(a.treasury, a.import);
  if (imported?.state === 'sealed' || imported?.state === 'approved') return 'ImportSealed';
  if (a.items.length === 0 || a.index >= limits.itemsPerImport) return 'FieldInvalid';

  const items: StagedItem[] = [];
  let bytes = 0;
  for (const body of a.items) {
    const item = stage(body);
    const wrong = checkBody(body, a.treasury, item.id);
    if (wrong) return wrong;
    bytes += item.body.length + STAGED_OVERHEAD_BYTES;
    items.push(item);
  }
  const staging = openStaging(s, treasury, a.import, signer);
  if (typeof staging === 'string') return staging;
  const before = staging.chunks.get(a.index);
  const content = digest('bursar/state/chunk-items', ...items.map((item) => fromHex(item.bodyHash)));
  if (before) return before.digest === content ? undefined : 'ImportMismatch';
  if (staging.items + items.length > limits.itemsPerImport) return 'ImportTooLarge';
  if (openOf(s, signer).bytes + bytes > bounds.openBytesPerProposer || s.stagedBytes + bytes > bounds.openBytes) return 'ImportTooLarge';

  staging.chunks.set(a.index, { digest: content, items });
  staging.maxIndex = Math.max(staging.maxIndex, a.index);
  staging.items += items.length;
  staging.bytes += bytes;
  s.stagedBytes += bytes;
  staging.digest = digest(
    'bursar/state/chunk',
    encode(chunkCodec, { before: staging.digest, index: a.index, hashes: items.map((item) => item.bodyHash) }),
  );
  s.touchImport(staging.import);
  return undefined;
}

function stage(body: DisbursementBody): StagedItem {
  const id = disbursementId(body.treasury, body.clientKey);
  const encoded = encode(disbursementBody, body);
  const hashed = digest('bursar/body', encoded); // bodyHash(body), without encoding it twice
  return {
    id,
    bodyHash: hashed,
    body: encoded,
    amount: body.amount,
    destination: body.destination,
    dependsOn: body.dependsOn,
    payee: body.payee,
    revision: body.revision,
    reverses: body.reverses,
    leaf: importLeaf(id, hashed),
  };
}
