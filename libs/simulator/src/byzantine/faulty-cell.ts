/**
 * A faulty validator: it runs the shipped driver, so that it knows all that an honest one knows, holds a real key that signs
 * whatever it likes, and lets its actor decide what leaves. The oracle does not watch it.
 */
import { type Params, type Proposal, type Start, standardRules } from '@bursar/pbft';
import type { Block, Digest, Message, Phase, SignedVote, Vote } from '@bursar/protocol';
import type { FreeHand, Surroundings } from '../world/cell.ts';
import type { FinalBlock, Want } from '../world/envelope.ts';
import type { Random } from '../world/random.ts';
import type { SignerDouble } from '../world/signer.ts';
import type { Actor } from './actor.ts';
import type { Liar } from './liar.ts';
import { Seen } from './seen.ts';
import { UnwatchedCell } from './unwatched-cell.ts';

export class FaultyCell extends UnwatchedCell implements Liar {
  readonly seen = new Seen();
  readonly picked = new Set<string>();
  readonly voted = new Set<string>();
  readonly #actor: Actor;
  readonly #sign: FreeHand;

  /** Its driver makes no fast certificate of what it hears: a liar who took the block for final would lie no more at that height. */
  constructor(around: Surroundings, signer: SignerDouble, actor: Actor, sign: FreeHand) {
    super({ ...around, params: { ...around.params, rules: { ...standardRules, isAll: () => false } } }, signer);
    this.#actor = actor;
    this.#sign = sign;
  }
  get params(): Params {
    return this.around.params;
  }
  get random(): Random {
    return this.around.random;
  }
  get peers(): number[] {
    return Array.from({ length: this.around.genesis.validators }, (_, i) => i).filter((i) => i !== this.index);
  }
  schedule(): Start['schedule'] {
    return this.storage.start().schedule;
  }
  nextBatch(): number {
    return this.storage.nextBatch(this.index);
  }
  finalHeight(): number {
    return this.storage.height;
  }
  finalTime(): number {
    return this.storage.time;
  }
  finalBlock(height: number): Block | undefined {
    return this.storage.at(height)?.block;
  }
  vote(phase: Phase, height: number, view: number, digest: Digest): SignedVote {
    const vote: Vote = { chain: this.around.genesis.chain, epoch: 0, height, view, phase, digest };
    return { vote, validator: this.index, signature: this.#sign(vote) };
  }
  tell(to: readonly number[], message: Message): void {
    this.seen.add(message);
    for (const peer of to) this.transmit(peer, message);
  }
  tellSome(message: Message, p = this.around.random.pick([0.3, 0.9])): void {
    this.tell(
      this.peers.filter(() => this.around.random.chance(p)),
      message,
    );
  }
  transmitTo(peer: number, message: Message): void {
    this.transmit(peer, message);
  }
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
