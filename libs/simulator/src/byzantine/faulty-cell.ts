/**
 * A faulty validator: it runs the shipped driver, so that it knows all that an honest one knows, holds a real key that signs
 * whatever it likes, and lets its actor decide what leaves. The oracle does not watch it.
 */
import { type Proposal, standardRules } from '@bursar/pbft';
import type { Block, Digest, Message, Phase, SignedVote, Vote } from '@bursar/protocol';
import type { FreeHand, Surroundings } from '../world/cell.ts';
import type { FinalBlock, Want } from '../world/envelope.ts';
import type { SignerDouble } from '../world/signer.ts';
import type { Actor } from './actor.ts';
import { Seen } from './seen.ts';
import { UnwatchedCell } from './unwatched-cell.ts';

export class FaultyCell extends UnwatchedCell {
  readonly seen = new Seen();
  /** height/view of NewViews that the actor sent in place of its driver's. */
  readonly picked = new Set<string>();
  /** height/view/digest that the actor has voted for on its own. */
  readonly voted = new Set<string>();
  readonly #actor: Actor;
  readonly #sign: FreeHand;

  /** Its driver makes no fast certificate of what it hears: a liar who took the block for final would lie no more at that height. */
  constructor(around: Surroundings, signer: SignerDouble, actor: Actor, sign: FreeHand) {
    super({ ...around, params: { ...around.params, rules: { ...standardRules, isAll: () => false } } }, signer);
    this.#actor = actor;
    this.#sign = sign;
  }
  get surroundings(): Surroundings {
    return this.around;
  }
  get peers(): number[] {
    return Array.from({ length: this.around.genesis.validators }, (_, i) => i).filter((i) => i !== this.index);
  }
  /** A vote of ours for anything. */
  vote(phase: Phase, height: number, view: number, digest: Digest): SignedVote {
    const vote: Vote = { chain: this.around.genesis.chain, epoch: 0, height, view, phase, digest };
    return { vote, validator: this.index, signature: this.#sign(vote) };
  }
  /** To these validators, remembered as if somebody else had sent it. */
  tell(to: readonly number[], message: Message): void {
    this.seen.add(message);
    for (const peer of to) this.transmit(peer, message);
  }
  /** To each with probability `p`; by default to few or to most. */
  tellSome(message: Message, p = this.around.random.pick([0.3, 0.9])): void {
    this.tell(
      this.peers.filter(() => this.around.random.chance(p)),
      message,
    );
  }
  /** As it is, without a trace in our own memory. */
  transmitTo(peer: number, message: Message): void {
    this.transmit(peer, message);
  }
  /** As an answer to nobody's question. */
  show(final: FinalBlock): void {
    for (const peer of this.peers) this.around.send(peer, { kind: 'finals', finals: [final] });
  }
  proposalOf(digest: Digest): Proposal | undefined {
    return this.proposal(digest);
  }
  did(what: string): void {
    this.around.observe('misdeed', what);
  }

  protected override onMessage(message: Message): void {
    this.seen.add(message);
    this.#actor.heard?.(this, message);
    super.onMessage(message);
  }
  protected override broadcast(message: Message): void {
    this.seen.add(message);
    if (!this.#actor.says(this, message)) super.broadcast(message);
  }
  protected override proposal(digest: Digest): Proposal | undefined {
    return this.seen.proposal(digest) ?? super.proposal(digest);
  }
  protected override viewChange(want: Extract<Want, { type: 'view-change' }>): Message | undefined {
    return this.seen.viewChange(want.height, want.view, want.validator, want.digest) ?? super.viewChange(want);
  }
  protected override onFinal(block: Block): void {
    this.seen.forgetBelow(block.header.height - 2);
    for (const done of [this.picked, this.voted]) if (done.size > 1000) done.clear();
  }
}
