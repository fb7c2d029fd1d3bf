/** What the consensus log holds; canonical bytes, one record each (docs/protocol.md, "Consensus log"). */
import {
  block,
  certificate,
  type Decoded,
  hex32,
  message,
  newView,
  optional,
  signature,
  struct,
  uint,
  union,
  viewChange,
  vote,
} from '@bursar/protocol';

export const logRecord = union('log record', {
  /** A proposal that was accepted in a view: written with its bodies before our Prepare. */
  proposal: [1, struct({ height: uint, view: uint, block, certificate: optional(certificate) })],
  /** We are about to have this vote signed. ViewChange and NewView come with their content. */
  intent: [2, struct({ vote, viewChange: optional(viewChange), newView: optional(newView) })],
  /** A signature that the signer gave us. */
  signed: [3, struct({ vote, signature })],
  /** A PreparedCert: written before our Commit. */
  prepared: [4, struct({ certificate })],
  /** A ViewChange of another validator that a NewView of ours rests on. */
  evidence: [5, struct({ message })],
  /** A certified block that storage has been or will be given. */
  final: [6, struct({ block, certificate })],
  /** Everything below this height may be forgotten: storage holds it. */
  floor: [7, struct({ height: uint, block: hex32 })],
});
export type LogRecord = Decoded<typeof logRecord>;
