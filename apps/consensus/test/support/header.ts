import { type Digest, type Header, ZERO_DIGEST } from '@bursar/protocol';

/** A header in which only its form is right. */
export const headerOf = (chain: Digest, change: Partial<Header> = {}): Header => ({
  version: 1,
  chain,
  epoch: 0,
  height: 1,
  view: 0,
  proposer: 1,
  time: 1,
  parent: chain,
  certificate: ZERO_DIGEST,
  stateRoot: ZERO_DIGEST,
  resultsRoot: ZERO_DIGEST,
  beacon: ZERO_DIGEST,
  proofVersion: 0,
  proof: new Uint8Array(),
  skipped: new Uint8Array(1),
  nextValidators: ZERO_DIGEST,
  batches: ZERO_DIGEST,
  ...change,
});
