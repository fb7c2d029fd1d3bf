/** Block headers (docs/protocol.md, "Blocks"). */

import { type BatchRef, batchRef } from './batch.ts';
import type { Decoded } from './codec.ts';
import { bytes, hex32, list, struct, u8, u16, u32, uint } from './codecs.ts';
import { digestOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limits } from './limits.ts';

export const header = struct({
  version: u16,
  chain: hex32,
  epoch: u32,
  height: uint,
  /** The view in which this block was first proposed; a block proposed again keeps it. */
  view: uint,
  /** Index of the validator that led that view. */
  proposer: u16,
  /** Ledger time, milliseconds: strictly increasing. */
  time: uint,
  /** Digest of the header before; the chain id at height 1. */
  parent: hex32,
  /** Digest of the certificate of the header before; zero at height 1. */
  certificate: hex32,
  /** Root of the ledger's state after the block before. */
  stateRoot: hex32,
  /** Root over the results of the block before: a receipt is provable by it. */
  resultsRoot: hex32,
  /** Seed of the leaders after this block. */
  beacon: hex32,
  /** 0: `beacon` is derived from the one before and the height, and `proof` is empty. Later versions carry a VRF proof. */
  proofVersion: u8,
  proof: bytes(128),
  /** Bit i (least significant first): validator i led a view of this height below `view` in vain. */
  skipped: bytes(Math.ceil(limits.validators / 8)),
  /** Hash of the validator set of the next epoch. */
  nextValidators: hex32,
  /** Digest over the list of batch references. */
  batches: hex32,
});
export type Header = Decoded<typeof header>;
export const headerDigest = (h: Header): Digest => digestOf('bursar/block', header, h);

export const batchRefs = list(batchRef, limits.batchesPerBlock);
export const batchRefsDigest = (refs: BatchRef[]): Digest => digestOf('bursar/batch-refs', batchRefs, refs);

/** A header with the references that its `batches` commits to. */
export const block = struct({ header, batches: batchRefs });
export type Block = Decoded<typeof block>;
