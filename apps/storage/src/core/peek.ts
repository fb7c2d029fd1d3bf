/** What kind of transaction canonical bytes hold, without decoding them: an import chunk has a thousand items. */
import type { Action } from '@bursar/protocol';

export const KINDS = [
  'transfer',
  'importChunk',
  'importSeal',
  'approve',
  'cancel',
  'lease',
  'executeBatch',
  'pause',
  'resume',
  'evidence',
] as const satisfies readonly Action['kind'][];

/** u32 length of the body, then version, chain, signer, nonce; then the tag of the action, from 1. */
const TAG_AT = 4 + 2 + 32 + 32 + 8;

export const kindOf = (signed: Uint8Array): Action['kind'] | undefined => KINDS[(signed[TAG_AT] ?? 0) - 1];
