import type { Digest, Hex32 } from '@bursar/protocol';

export interface Validator {
  /** Place in the set: how votes, bitmaps and subjects name it. */
  readonly index: number;
  readonly name: string;
  readonly publicKey: Hex32;
  readonly stake: bigint;
}

/** The voters of an epoch. With total stake W: f = floor((W − 1) / 3), a quorum is stake ≥ W − f (K1). */
export interface ValidatorSet {
  readonly epoch: number;
  readonly validators: readonly Validator[];
  readonly total: bigint;
  /** f: stake that may be faulty. */
  readonly faulty: bigint;
  readonly quorum: bigint;
  readonly hash: Digest;
}
