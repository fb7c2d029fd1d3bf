/** What kind of transaction canonical bytes hold, without decoding them: an import chunk has a thousand items. */
import { type Action, type Hex32, toHex } from '@bursar/protocol';

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
  'proposeChange',
  'approveChange',
  'cancelChange',
  'hold',
  'release',
] as const satisfies readonly Action['kind'][];

/** u32 length of the body, then version, chain, signer, nonce; then the tag of the action, from 1. */
const SIGNER_AT = 4 + 2 + 32;
const TAG_AT = SIGNER_AT + 32 + 8;

export const kindOf = (signed: Uint8Array): Action['kind'] | undefined => KINDS[(signed[TAG_AT] ?? 0) - 1];

export interface PeekedTransfer {
  readonly from: Hex32;
  readonly to: Hex32;
  /** Base units. */
  readonly amount: bigint;
}
/** Who pays whom how much, of the canonical bytes of a signed transfer. */
export function peekTransfer(signed: Uint8Array): PeekedTransfer {
  const view = new DataView(signed.buffer, signed.byteOffset, signed.byteLength);
  return {
    from: toHex(signed.subarray(SIGNER_AT, SIGNER_AT + 32)),
    to: toHex(signed.subarray(TAG_AT + 1, TAG_AT + 33)),
    amount: view.getBigUint64(TAG_AT + 33),
  };
}
