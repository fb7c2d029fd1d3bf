/**
 * The simulator's faulty validators over real NATS: the shipped engine runs below and knows what an honest one knows; the actor decides
 * what leaves. All hear one subject, so that the actor cannot choose who hears which half: the network's losses do.
 */
import { randomBytes } from 'node:crypto';
import { packMessage, unpackMessage } from '../../../apps/consensus/src/core/envelope.ts';
import { packNotice } from '../../../apps/consensus/src/core/final-blocks.ts';
import type { Subjects } from '../../../apps/consensus/src/core/subjects.ts';
import { type KeyPair, sign } from '../../../libs/crypto/src/index.ts';
import type { Driver, Params, Proposal, Start } from '../../../libs/pbft/src/index.ts';
import {
  type Block,
  type Digest,
  type Message,
  type Phase,
  type SignedVote,
  type Vote,
  voteHash,
} from '../../../libs/protocol/src/index.ts';
import type { Bus } from '../../../libs/shared-core/src/index.ts';
import { type Actor, type FinalBlock, type Liar, type Random, Seen } from '../../../libs/simulator/src/index.ts';

export interface NetworkLiarParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly params: Params;
  readonly keys: KeyPair;
  readonly random: Random;
  readonly actor: Actor;
  /** Undefined until it takes part. */
  readonly driver: () => Driver | undefined;
  readonly onMisdeed: (what: string) => void;
}
/** Messages of others that may wait. */
const QUEUE = 4_096;
const KEPT = 1_000;

export class NetworkLiar implements Liar {
  readonly index: number;
  readonly peers: readonly number[];
  readonly params: Params;
  readonly random: Random;
  readonly seen = new Seen();
  readonly picked = new Set<string>();
  readonly voted = new Set<string>();
  readonly #parts: NetworkLiarParts;
  #height = 0;

  constructor(parts: NetworkLiarParts) {
    this.#parts = parts;
    this.params = parts.params;
    this.random = parts.random;
    this.index = parts.params.self;
    this.peers = parts.params.set.validators.map((_, i) => i).filter((i) => i !== this.index);
    parts.bus.subscribe(parts.subjects.vote('*'), ({ data }) => this.#hear(data), { queueLimit: QUEUE });
  }
  /** What its own engine may use in place of the bus: the actor sees what leaves first. */
  bus(): Bus {
    const { bus, subjects, actor, driver } = this.#parts;
    const ours = subjects.vote(this.index);
    const bound = (name: 'subscribe' | 'request' | 'respond' | 'flush' | 'reconnect' | 'onStatus' | 'close') => bus[name].bind(bus);
    return {
      get connected() {
        return bus.connected;
      },
      publish: (subject, data, headers) => {
        const message = subject === ours ? unpackMessage(data)?.message : undefined;
        if (message) this.#remember(message);
        return message && driver() && actor.says(this, message) ? true : bus.publish(subject, data, headers);
      },
      ...({
        subscribe: bound('subscribe'),
        request: bound('request'),
        respond: bound('respond'),
        flush: bound('flush'),
        reconnect: bound('reconnect'),
        onStatus: bound('onStatus'),
        close: bound('close'),
      } as Pick<Bus, 'subscribe' | 'request' | 'respond' | 'flush' | 'reconnect' | 'onStatus' | 'close'>),
    };
  }

  schedule(): Start['schedule'] {
    return this.#tip().schedule;
  }
  nextBatch(): number {
    return this.#tip().nextBatch[this.index] ?? 1;
  }
  finalHeight(): number {
    return this.#tip().height;
  }
  finalTime(): number {
    return this.#tip().time;
  }
  finalBlock(height: number): Block | undefined {
    return this.seen.proposals(height)[0]?.[1].block;
  }
  vote(phase: Phase, height: number, view: number, digest: Digest): SignedVote {
    const vote: Vote = { chain: this.params.chain, epoch: 0, height, view, phase, digest };
    return { vote, validator: this.index, signature: sign(this.#parts.keys.secretKey, voteHash(vote)) };
  }
  tell(to: readonly number[], message: Message): void {
    this.seen.add(message);
    if (to.length > 0) this.#send(message);
  }
  tellSome(message: Message, p = this.random.pick([0.3, 0.9])): void {
    this.tell(this.random.chance(p) ? this.peers : [], message);
  }
  transmitTo(_peer: number, message: Message): void {
    this.#send(message);
  }
  show({ block, certificate }: FinalBlock): void {
    const { bus, subjects } = this.#parts;
    for (const peer of this.peers) bus.publish(subjects.final(peer), packNotice(block.header, certificate));
  }
  proposalOf(digest: Digest): Proposal | undefined {
    return this.seen.proposal(digest) ?? this.#parts.driver()?.proposal(digest);
  }
  did(what: string): void {
    this.#parts.onMisdeed(what);
  }

  #tip(): Start {
    const tip = this.#parts.driver()?.state.tip;
    if (!tip) throw new Error('the engine has not begun');
    return tip;
  }
  #send(message: Message): void {
    const { bus, subjects } = this.#parts;
    const packed = packMessage(message, randomBytes(16), Date.now());
    if (packed) bus.publish(subjects.vote(this.index), packed);
  }
  #hear(data: Uint8Array): void {
    const message = unpackMessage(data)?.message;
    if (!message || !this.#parts.driver()) return;
    this.#remember(message);
    this.#parts.actor.heard?.(this, message);
  }
  #remember(message: Message): void {
    this.seen.add(message);
    const height = this.#parts.driver()?.state.height ?? 0;
    if (height === this.#height) return;
    this.#height = height;
    this.seen.forgetBelow(height - 2);
    for (const done of [this.picked, this.voted]) if (done.size > KEPT) done.clear();
  }
}
