/** What the record of signatures holds: canonical bytes, one row for each signature. */
import { bool, type Decoded, decode, encode, hex32, phase, signature, struct, u32, uint, union } from '@bursar/protocol';

export const rowCodec = union('row', {
  vote: [1, struct({ epoch: u32, height: uint, view: uint, phase, digest: hex32, signature })],
  batch: [2, struct({ number: uint, digest: hex32, expiresAt: uint, signature })],
  /** Votes up to `height` and batches up to `number` are refused for good; ledger time was seen up to `time`. */
  floor: [3, struct({ height: uint, number: uint, time: uint })],
  /** A signature of ours is known that stands in no row: serve nothing any more. */
  behind: [4, struct({ behind: bool })],
});
export type SigningRow = Decoded<typeof rowCodec>;
export type VoteRow = Extract<SigningRow, { kind: 'vote' }>;
export type BatchRow = Extract<SigningRow, { kind: 'batch' }>;

export const encodeRow = (row: SigningRow): Uint8Array => encode(rowCodec, row);
/** @throws DecodeError */
export const decodeRow = (bytes: Uint8Array): SigningRow => decode(rowCodec, bytes);
