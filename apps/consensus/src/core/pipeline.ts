/**
 * The way of a consensus message to the engine (C5): rate and room of its sender, then the six gates in order. What a gate let through
 * is of a type that only its module makes and only the next gate takes. Any bytes from anybody end in the engine or in a code.
 */
import type { ValidatorSet } from '@bursar/membership';
import type { Effect, ReplayFilter } from '@bursar/pbft';
import type { Digest, Message } from '@bursar/protocol';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { MessageKind } from '../metrics.ts';
import type { Clock, SignaturePort } from '../ports.ts';
import type { Envelope } from './envelope.ts';
import { type Structured, structureGate } from './gates/gate-1-structure.ts';
import { type Arrived, type Authentic, SignatureGate } from './gates/gate-2-signature.ts';
import { sequenceGate } from './gates/gate-3-sequence.ts';
import { replayGate } from './gates/gate-4-replay.ts';
import { EngineGate } from './gates/gate-5-6-engine.ts';
import { isWrong, type Refused, type Wrong, wrong } from './gates/refusal.ts';
import { Lobby, type LobbyLimits } from './lobby.ts';
import type { MemoVerifier } from './memo-verifier.ts';
import type { Shedder } from './shedder.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export interface PipelineParts {
  readonly set: ValidatorSet;
  readonly chain: Digest;
  readonly self: number;
  readonly clock: Clock;
  /** The engine's open height and its view. */
  readonly position: () => { readonly height: number; readonly view: number };
  readonly memo: MemoVerifier;
  readonly signatures: SignaturePort;
  readonly inPlaceMax: number;
  readonly replay: ReplayFilter;
  readonly shedder: Shedder;
  /** C6, for each sender: messages and verifications together, and what may wait. */
  readonly rate: Rate;
  readonly room: LobbyLimits;
  /** This process sent the message of that id. */
  readonly isOurs: (msgId: string) => boolean;
  readonly engine: (message: Message) => void;
  /** A member speaks of a height far above ours. */
  readonly onFarAhead: (from: number, height: number) => void;
  readonly onReceived: (kind: MessageKind) => void;
  /** `tookMs`: from its arrival until the engine had it (C2 processing_latency). */
  readonly onAccepted: (kind: MessageKind, sender: number, tookMs: number) => void;
  readonly onRefused: (refused: Refused, tookMs?: number) => void;
  /** A defect: no input may bring it about. */
  readonly onDefect: (error: unknown) => void;
}

/** Messages that are verified in one go. */
const JOB_MAX = 256;

export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #rates: readonly TokenBucket[];
  readonly #lobby: Lobby<Arrived>;
  readonly #signature: SignatureGate;
  readonly #engine: EngineGate;
  #isDue = false;
  #isBusy = false;

  constructor(parts: PipelineParts) {
    const { set, chain, memo, signatures, inPlaceMax, clock, rate, room } = parts;
    this.#parts = parts;
    this.#rates = set.validators.map(() => new TokenBucket(rate, clock.now()));
    this.#lobby = new Lobby(set.validators.length, room);
    const onCost = (sender: number, count: number) => this.#rates[sender]?.charge(clock.now(), count);
    this.#signature = new SignatureGate({ set, chain, memo, workers: signatures, inPlaceMax, onCost });
    this.#engine = new EngineGate(parts.engine);
  }
  /** Messages that wait for gate 2. */
  get waiting(): number {
    return this.#lobby.size;
  }

  /** Something is on its way to the engine. */
  get isAtWork(): boolean {
    return this.#isDue || this.#isBusy;
  }

  /** Total. @param from the index at the end of its subject; undefined: none */
  onMessage(bytes: Uint8Array, from: number | undefined): void {
    const { onReceived, isOurs, self } = this.#parts;
    const entered = this.#enter(bytes, from);
    onReceived(isWrong(entered) ? 'unknown' : entered.message.message.kind);
    if (isWrong(entered)) {
      this.#refuse(entered, from, undefined);
      return;
    }
    const { message, msgId } = entered.message;
    // An echo of ours; with our signature but not from here, it goes on: somebody else may run with our key.
    if (message.vote.validator === self && isOurs(msgId)) return;
    this.#queue(entered, bytes.length);
    this.#schedule();
  }

  /** The rate of its sender, then gate 1. */
  #enter(bytes: Uint8Array, from: number | undefined): Arrived | Wrong {
    const { clock, position } = this.#parts;
    const receivedMs = performance.now();
    const rate = from === undefined ? undefined : this.#rates[from];
    if (from === undefined || !rate) return wrong('UnknownValidator', 'its subject names no validator');
    if (!rate.take(clock.now())) return wrong('RateLimited', 'too many messages of this validator');
    const { height, view } = position();
    const message = structureGate(bytes, receivedMs, { ms: clock.now(), height, view });
    return isWrong(message) ? message : { from, message };
  }

  #queue(arrived: Arrived, bytes: number): void {
    const { position, shedder } = this.#parts;
    const { from, message } = arrived;
    const rank = isUrgent(message, position().height) ? 'urgent' : 'background';
    if (rank === 'background' && shedder.refuses('background')) {
      this.#refuse(wrong('InsufficientResources', 'memory is short, and its height is not the open one'), from, message);
      return;
    }
    const full = wrong('QueueFull', 'more messages of this validator wait than may');
    for (const gone of this.#lobby.put(from, rank, bytes, arrived)) this.#refuse(full, gone.from, gone.message);
  }

  /** Something that the engine refuses, now or later, with the envelope in which it came. */
  engineRefused(effect: Extract<Effect, { type: 'reject' }>): void {
    const envelope = this.#engine.refused(effect);
    this.#refuse(wrong(effect.name, `height ${effect.height}, view ${effect.view}`), effect.validator, envelope);
  }

  #schedule(): void {
    if (this.#isDue || this.#isBusy || this.#lobby.size === 0) return;
    this.#isDue = true;
    // After everything that this turn of the event loop brings, and in no message's trace.
    context.with(ROOT_CONTEXT, () => setImmediate(() => this.#drain()));
  }

  #drain(): void {
    this.#isDue = false;
    const taken = this.#lobby.take(JOB_MAX);
    const verdicts = this.#signature.check(taken);
    if (!(verdicts instanceof Promise)) {
      this.#settle(taken, verdicts);
      return;
    }
    this.#isBusy = true; // what comes meanwhile is the next job
    void verdicts.then((found) => {
      this.#isBusy = false;
      this.#settle(taken, found);
    });
  }

  #settle(taken: readonly Arrived[], verdicts: readonly (Authentic | Wrong)[]): void {
    for (const [i, verdict] of verdicts.entries()) {
      const { from, message } = taken[i] as Arrived;
      try {
        const refused = isWrong(verdict) ? verdict : this.#pass(verdict);
        if (refused) this.#refuse(refused, from, message);
      } catch (error) {
        this.#parts.onDefect(error);
      }
    }
    this.#schedule();
  }

  /** Gates 3 to 6. What the engine refuses comes back by `engineRefused`. */
  #pass(authentic: Authentic): Wrong | undefined {
    const { clock, position, replay, onFarAhead, onAccepted } = this.#parts;
    const { kind, vote } = authentic.message;
    const { height } = position();
    const sequenced = sequenceGate(authentic, height);
    if (isWrong(sequenced)) {
      onFarAhead(vote.validator, vote.vote.height);
      return sequenced;
    }
    const fresh = replayGate(sequenced, replay, height, clock.now());
    if (isWrong(fresh)) return fresh;
    if (!this.#engine.pass(fresh)) return undefined;
    replay.accepted(fresh.message, clock.now());
    onAccepted(kind, vote.validator, performance.now() - fresh.receivedMs);
    return undefined;
  }

  #refuse({ refused: name, why }: Wrong, sender: number | undefined, envelope: Envelope | undefined): void {
    const tookMs = envelope && performance.now() - envelope.receivedMs;
    this.#parts.onRefused({ name, kind: envelope?.message.kind ?? 'unknown', sender, msgId: envelope?.msgId, why }, tookMs);
  }
}

/** The open height, and the next one that it leads to. */
const isUrgent = ({ message }: Structured, openHeight: number): boolean => {
  const { height } = message.vote.vote;
  return height === openHeight || height === openHeight + 1;
};
