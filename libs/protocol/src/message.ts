/** What validators tell one another about one height. Each message bears one signature, over `vote`. */

import { block } from './block.ts';
import type { Decoded } from './codec.ts';
import { hex32, list, optional, struct, u16, uint, union } from './codecs.ts';
import { digestOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limits } from './limits.ts';
import { certificate, signedVote } from './vote.ts';

/** Content of a ViewChange: the highest view with a Prepare of ours, and the highest PreparedCert we hold. */
export const viewChange = struct({
  lastVote: optional(struct({ view: uint, digest: hex32 })),
  prepared: optional(certificate),
});
export type ViewChange = Decoded<typeof viewChange>;
export const viewChangeDigest = (v: ViewChange): Digest => digestOf('bursar/view-change', viewChange, v);

/** Content of a NewView: the ViewChanges it rests on, ascending by validator; `digest` is that of the content. */
export const newView = struct({ viewChanges: list(struct({ validator: u16, digest: hex32 }), limits.validators) });
export type NewView = Decoded<typeof newView>;
export const newViewDigest = (v: NewView): Digest => digestOf('bursar/new-view', newView, v);

export const message = union('message', {
  /** `vote` is the leader's own Prepare; `certificate` is that of the height before (absent at height 1). */
  'pre-prepare': [1, struct({ vote: signedVote, block, certificate: optional(certificate) })],
  prepare: [2, struct({ vote: signedVote })],
  commit: [3, struct({ vote: signedVote })],
  'view-change': [4, struct({ vote: signedVote, content: viewChange })],
  'new-view': [5, struct({ vote: signedVote, content: newView })],
});
export type Message = Decoded<typeof message>;
export type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>;
