import { leaderOrder, skippedBitmap, toBitmap } from '@bursar/membership';
import {
  type BatchRef,
  type Block,
  batchRefsDigest,
  type Certificate,
  type Digest,
  type Header,
  headerDigest,
  type Message,
  type MessageOf,
  newViewDigest,
  type Phase,
  type RejectionName,
  type SignedVote,
  type ViewChange,
  type Vote,
  viewChangeDigest,
} from '@bursar/protocol';
import { type Effect, type Input, initialState, type LogRecord, type Params, type State, step, type Unsigned } from '../../src/index.ts';
import { equalStakes, fakeSignature, type World, worldOf } from './network.ts';

type Of<K extends Effect['type']> = Extract<Effect, { type: K }>;

/** One engine, fed by hand at height 1: every other validator is played by the test. */
export class Bench {
  readonly world: World;
  readonly params: Params;
  /** Leaders of views 0, 1, 2, 3 of height 1. */
  readonly order: readonly number[];
  state: State;
  now: number;
  /** Effects of the last input. */
  last: readonly Effect[] = [];
  readonly all: Effect[] = [];

  /** @param place the view that this validator leads first; the others are `peers`, in the order in which they lead. */
  constructor(place: number, world: World = worldOf(equalStakes(4)), change: Partial<Params> = {}) {
    this.world = world;
    this.order = leaderOrder(world.set, world.start.schedule, 1);
    this.params = world.params(this.order[place] as number, change);
    this.state = initialState(this.params, world.start);
    this.now = world.start.time + 10_000;
    this.feed({ type: 'tick' });
  }
  get self(): number {
    return this.params.self;
  }
  get peers(): number[] {
    return this.order.filter((i) => i !== this.self);
  }
  leader(view: number): number {
    return this.order[view % this.order.length] as number;
  }

  feed(input: Input): readonly Effect[] {
    const { state, effects } = step(this.params, this.state, input, this.now);
    this.state = state;
    this.last = effects;
    this.all.push(...effects);
    return effects;
  }
  /** Time passes, then the tick comes. */
  tick(ms: number): void {
    this.now += ms;
    this.feed({ type: 'tick' });
  }
  hear(...messages: Message[]): void {
    for (const message of messages) this.feed({ type: 'message', message });
  }
  /** Signs all that was asked in the last step, and what that asks in turn. */
  sign(): Message[] {
    const made: Message[] = [];
    for (let asked = this.of('sign'); asked.length > 0; ) {
      const next: Of<'sign'>[] = [];
      for (const { message } of asked) {
        const signed = signedBy(this.self, message);
        made.push(signed);
        this.feed({ type: 'signed', message: signed });
        next.push(...this.of('sign'));
      }
      asked = next;
    }
    return made;
  }
  of<K extends Effect['type']>(type: K): Of<K>[] {
    return this.last.filter((e): e is Of<K> => e.type === type);
  }
  ever<K extends Effect['type']>(type: K): Of<K>[] {
    return this.all.filter((e): e is Of<K> => e.type === type);
  }
  /** What the last input made it ask the signer for. */
  get asked(): string[] {
    return this.of('sign').map(({ message: { vote } }) => `${vote.phase}@${vote.view}`);
  }
  get rejected(): RejectionName[] {
    return this.of('reject').map((e) => e.name);
  }
  /** Records so far, as the log holds them. */
  get log(): LogRecord[] {
    return this.ever('record').map((e) => e.record);
  }

  /** Everybody else commits to this block of view 0, and it is fetched. */
  decide(block: Block): void {
    for (const i of this.peers) this.hear(this.commit(i, 0, headerDigest(block.header)));
    this.feed({ type: 'block', block, certificate: undefined });
  }
  block(view = 0, change: Partial<Header> = {}, batches: BatchRef[] = []): Block {
    const { params, world } = this;
    const header: Header = {
      version: 1,
      chain: params.chain,
      epoch: 0,
      height: 1,
      view,
      proposer: this.leader(view),
      time: this.now,
      parent: params.chain,
      certificate: '0'.repeat(64),
      stateRoot: world.start.stateRoot,
      resultsRoot: world.start.resultsRoot,
      beacon: this.state.beacon,
      proofVersion: 0,
      proof: new Uint8Array(0),
      skipped: skippedBitmap(this.order, view, this.order.length),
      nextValidators: params.set.hash,
      batches: batchRefsDigest(batches),
      ...change,
    };
    return { header, batches };
  }
  vote(phase: Phase, view: number, digest: Digest, height = 1): Vote {
    return { chain: this.params.chain, epoch: 0, height, view, phase, digest };
  }
  prePrepare(view: number, block: Block, from = this.leader(view)): MessageOf<'pre-prepare'> {
    const vote = signedVote(from, this.vote('prepare', view, headerDigest(block.header), block.header.height));
    return { kind: 'pre-prepare', vote, block, certificate: undefined };
  }
  prepare(from: number, view: number, digest: Digest): MessageOf<'prepare'> {
    return { kind: 'prepare', vote: signedVote(from, this.vote('prepare', view, digest)) };
  }
  commit(from: number, view: number, digest: Digest): MessageOf<'commit'> {
    return { kind: 'commit', vote: signedVote(from, this.vote('commit', view, digest)) };
  }
  viewChange(from: number, view: number, content: Partial<ViewChange> = {}): MessageOf<'view-change'> {
    const whole: ViewChange = { lastVote: undefined, prepared: undefined, ...content };
    return { kind: 'view-change', vote: signedVote(from, this.vote('view-change', view, viewChangeDigest(whole))), content: whole };
  }
  newView(view: number, viewChanges: readonly MessageOf<'view-change'>[], from = this.leader(view)): MessageOf<'new-view'> {
    const sorted = viewChanges.toSorted((a, b) => a.vote.validator - b.vote.validator);
    const content = { viewChanges: sorted.map((m) => ({ validator: m.vote.validator, digest: m.vote.vote.digest })) };
    return { kind: 'new-view', vote: signedVote(from, this.vote('new-view', view, newViewDigest(content))), content };
  }
  certificate(kind: Certificate['kind'], view: number, digest: Digest, signers: readonly number[]): Certificate {
    const vote = this.vote(kind === 'commit' ? 'commit' : 'prepare', view, digest);
    const ascending = signers.toSorted((a, b) => a - b);
    const { chain, epoch, height } = vote;
    const bitmap = toBitmap(ascending, this.order.length);
    return { kind, chain, epoch, height, view, digest, signers: bitmap, signatures: ascending.map((i) => fakeSignature(i, vote)) };
  }
}

export const digestOf = (block: Block): Digest => headerDigest(block.header);
export const signedVote = (validator: number, vote: Vote): SignedVote => ({ vote, validator, signature: fakeSignature(validator, vote) });
export const signedBy = (validator: number, message: Unsigned): Message =>
  ({ ...message, vote: signedVote(validator, message.vote) }) as Message;
/** A batch reference that is valid at height 1 as the first of its origin. */
export const ref = (origin: number, number = 1, change: Partial<BatchRef> = {}): BatchRef => ({
  origin,
  number,
  digest: number.toString(16).padStart(64, '0'),
  bytes: 100,
  transactions: 1,
  expiresAt: 10_000_000,
  ...change,
});
