/** One validator's ingress around a real engine: peers are played by the test, with real keys; nothing else of the process runs. */
import { randomBytes } from 'node:crypto';
import { ed25519, sign } from '@bursar/crypto';
import { genesisSet, leaderOrder, startSchedule, toBitmap } from '@bursar/membership';
import { type Effect, type Input, initialState, type Params, ReplayFilter, type State, step } from '@bursar/pbft';
import {
  batchRefsDigest,
  certificateDigest,
  type Digest,
  headerDigest,
  type Message,
  type NewView,
  newViewDigest,
  type Phase,
  type SignedVote,
  type ViewChange,
  type Vote,
  viewChangeDigest,
  voteHash,
} from '@bursar/protocol';
import { packMessage } from '../../src/core/envelope.ts';
import type { Refused } from '../../src/core/gates/refusal.ts';
import { memoVerifier } from '../../src/core/memo-verifier.ts';
import { Pipeline, type PipelineParts } from '../../src/core/pipeline.ts';
import { Shedder } from '../../src/core/shedder.ts';
import { testGenesis } from './genesis.ts';
import { headerOf } from './header.ts';

export const NOW = 1_800_000_000_000;
export const A = 'a'.repeat(64);
export const B = 'b'.repeat(64);

export interface RigOptions {
  /** The open height. */
  readonly height?: number;
  readonly memory?: () => number;
  readonly parts?: Partial<PipelineParts>;
}
export interface Packing {
  readonly ageMs?: number;
  readonly msgId?: Uint8Array;
  readonly forged?: boolean;
}

export class Rig {
  readonly keys;
  readonly chain: Digest;
  readonly set;
  readonly params: Params;
  /** Leaders of the views of the open height. */
  readonly order: readonly number[];
  state: State;
  readonly clock = { ms: NOW };
  readonly refused: Refused[] = [];
  readonly accepted: { readonly kind: string; readonly sender: number }[] = [];
  readonly effects: Effect[] = [];
  readonly farAhead: { readonly from: number; readonly height: number }[] = [];
  verified = 0;
  readonly pipeline: Pipeline;

  constructor({ height = 1, memory = () => 0, parts = {} }: RigOptions = {}) {
    const { genesis, chain, keys } = testGenesis(4);
    this.chain = chain;
    this.keys = keys;
    this.set = genesisSet(genesis);
    const schedule = startSchedule(chain);
    this.order = leaderOrder(this.set, schedule, height);
    // The last leader but for validator 1, whom tests let speak: who comes last follows from the chain id.
    const self = this.order.findLast((v) => v !== 1) as number;
    this.params = { chain, set: this.set, self, blockIntervalMs: 1_000, viewTimeoutMs: 2_000, resendMs: 500, clockToleranceMs: 5_000 };
    const header = height > 1 ? headerOf(chain, { height: height - 1 }) : undefined;
    const roots = { stateRoot: A, resultsRoot: A };
    const start = { height: height - 1, header, certificate: undefined, ...roots, time: 1, nextBatch: [1, 1, 1, 1], schedule };
    this.state = initialState(this.params, start);
    const inner = {
      verify: (...args: Parameters<typeof ed25519.verify>) => {
        this.verified++;
        return ed25519.verify(...args);
      },
    };
    this.pipeline = new Pipeline({
      set: this.set,
      chain,
      self,
      clock: { now: () => this.clock.ms },
      position: () => this.state,
      memo: memoVerifier(inner, 1_000),
      signatures: { verify: async () => Promise.reject(new Error('no worker was expected')) },
      inPlaceMax: 1_000,
      replay: new ReplayFilter({ windowMs: 1_000, max: 100 }),
      shedder: new Shedder(memory, () => this.clock.ms),
      rate: { perSecond: 1_000, burst: 1_000 },
      room: { messages: 100, bytes: 1_000_000 },
      isOurs: () => false,
      engine: (message) => this.feed({ type: 'message', message }),
      onFarAhead: (from, at) => this.farAhead.push({ from, height: at }),
      onReceived: () => {},
      onAccepted: (kind, sender) => this.accepted.push({ kind, sender }),
      onRefused: (r) => this.refused.push(r),
      onDefect: (error) => {
        throw error;
      },
      ...parts,
    });
    this.feed({ type: 'tick' });
  }
  get self(): number {
    return this.params.self;
  }
  get names(): string[] {
    return this.refused.map((r) => r.name);
  }

  feed(input: Input): void {
    const { state, effects } = step(this.params, this.state, input, this.clock.ms);
    this.state = state;
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === 'reject') this.pipeline.engineRefused(effect);
    }
  }
  /** Time passes until the open view is left. */
  leaveView(): void {
    this.clock.ms += 60_000;
    this.feed({ type: 'tick' });
  }
  signed(
    validator: number,
    phase: Phase,
    view: number,
    digest: Digest,
    height = this.state.height,
    change: Partial<Vote> = {},
  ): SignedVote {
    const vote: Vote = { chain: this.chain, epoch: 0, height, view, phase, digest, ...change };
    return { vote, validator, signature: sign(this.keys[validator]?.secretKey ?? new Uint8Array(64), voteHash(vote)) };
  }
  vote(kind: 'prepare' | 'commit', validator: number, view = 0, digest = A, height?: number): Message {
    return { kind, vote: this.signed(validator, kind, view, digest, height) };
  }
  viewChange(validator: number, view: number, content: ViewChange = { lastVote: undefined, prepared: undefined }): Message {
    return { kind: 'view-change', vote: this.signed(validator, 'view-change', view, viewChangeDigest(content)), content };
  }
  newView(validator: number, view: number, named: readonly number[]): Message {
    const content: NewView = { viewChanges: [...named].sort((a, b) => a - b).map((v) => ({ validator: v, digest: A })) };
    return { kind: 'new-view', vote: this.signed(validator, 'new-view', view, newViewDigest(content)), content };
  }
  /** A block that holds nothing, over a parent that nobody knows. */
  prePrepare(validator: number, view: number, height = this.state.height, signers: readonly number[] = [0, 1, 2]): Message {
    const certificate = {
      kind: 'commit' as const,
      chain: this.chain,
      epoch: 0,
      height: height - 1,
      view: 0,
      digest: B,
      signers: toBitmap(signers, this.set.validators.length),
      signatures: signers.map((i) => this.signed(i, 'commit', 0, B, height - 1).signature),
    };
    const inside = { parent: B, certificate: certificateDigest(certificate), batches: batchRefsDigest([]) };
    const header = headerOf(this.chain, { height, view, proposer: validator, ...inside });
    return {
      kind: 'pre-prepare',
      vote: this.signed(validator, 'prepare', view, headerDigest(header), height),
      block: { header, batches: [] },
      certificate,
    };
  }
  pack(message: Message, { ageMs = 0, msgId = randomBytes(16), forged = false }: Packing = {}): Uint8Array {
    const vote = forged ? { ...message.vote, signature: new Uint8Array(64) } : message.vote;
    return packMessage({ ...message, vote } as Message, msgId, this.clock.ms - ageMs) ?? new Uint8Array();
  }
  /** Comes on its sender's subject. */
  send(message: Message, packing?: Packing, from: number | undefined = message.vote.validator): void {
    this.pipeline.onMessage(this.pack(message, packing), from);
  }
  /** Until everything that came is through: at most a worker's answer away. */
  async settled(): Promise<void> {
    do await new Promise((done) => setImmediate(done));
    while (this.pipeline.isAtWork);
  }
}
