/** What an actor works with, in the simulator and over a real network: a validator that knows all an honest one knows and signs what it likes. */
import type { Params, Proposal, Start } from '@bursar/pbft';
import type { Block, Digest, Message, Phase, SignedVote } from '@bursar/protocol';
import type { FinalBlock } from '../world/envelope.ts';
import type { Random } from '../world/random.ts';
import type { Seen } from './seen.ts';

export interface Liar {
  readonly index: number;
  /** Everybody else. */
  readonly peers: readonly number[];
  readonly params: Params;
  readonly random: Random;
  readonly seen: Seen;
  /** height/view of NewViews that the actor sent in place of its driver's. */
  readonly picked: Set<string>;
  /** height/view/digest that the actor has voted for on its own. */
  readonly voted: Set<string>;
  /** Of the next height. */
  schedule(): Start['schedule'];
  /** Lowest number of a batch of ours that is not ordered. */
  nextBatch(): number;
  finalHeight(): number;
  /** Ledger time of that height. */
  finalTime(): number;
  /** Undefined: not at hand. */
  finalBlock(height: number): Block | undefined;
  /** A vote of ours for anything. */
  vote(phase: Phase, height: number, view: number, digest: Digest): SignedVote;
  /** To these validators, remembered as if somebody else had sent it. */
  tell(to: readonly number[], message: Message): void;
  /** To each with probability `p`; by default to few or to most. */
  tellSome(message: Message, p?: number): void;
  /** As it is, without a trace in our own memory. */
  transmitTo(peer: number, message: Message): void;
  /** To everybody, as an answer to nobody's question. */
  show(final: FinalBlock): void;
  proposalOf(digest: Digest): Proposal | undefined;
  did(what: string): void;
}
