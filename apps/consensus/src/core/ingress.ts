/** The gates that a message of another validator passes on its way to the engine (C5): structure → signature → sequence → replay; phase and quorum are the engine's. */
import type { Verifier } from '@bursar/crypto';
import { fromBitmap, publicKeyOf, type ValidatorSet } from '@bursar/membership';
import { checkMessage, messageKey, type Params } from '@bursar/pbft';
import { type BatchRef, type Digest, limits, type Message, type RejectionName } from '@bursar/protocol';
import type { MessageKind } from '../metrics.ts';
import type { Clock, VerifyPort } from '../ports.ts';
import type { BodyStore } from './body-store.ts';
import { unpackMessage } from './envelope.ts';
import { certifies, unpackNotice } from './final-blocks.ts';
import type { Journal } from './journal.ts';
import { type Obtainer, unpackBatch } from './obtain.ts';
import type { ReplayFilter } from './replay-filter.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Refused {
  readonly name: RejectionName;
  readonly kind: MessageKind;
  /** As the subject says. */
  readonly sender: number | undefined;
  readonly msgId: string | undefined;
  readonly why: string;
}
export interface IngressParts {
  readonly params: Params;
  readonly set: ValidatorSet;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly verify: VerifyPort;
  readonly store: BodyStore;
  readonly obtainer: Obtainer;
  readonly journal: Journal;
  readonly replay: ReplayFilter;
  readonly openHeight: () => number;
  readonly onMessage: (message: Message) => void;
  /** A height is final, and this validator has signed its certificate. */
  readonly onNotice: (from: number, height: number) => void;
  readonly onHeld: () => void;
  readonly onReceived: (kind: MessageKind) => void;
  readonly onAccepted: (kind: MessageKind, sender: number) => void;
  readonly onRefused: (refused: Refused) => void;
  /** Messages of one peer in a second, and at once (C6). */
  readonly perPeer: { readonly perSecond: number; readonly burst: number };
}

/** C5: the envelope's time is a hint; for the open height and later it is not looked at. */
const PAST_MS = 3_600_000;
const FUTURE_MS = 60_000;
/** Batches of one origin that wait for the workers: the rest is sent again by its origin. */
const BATCHES_AT_WORK = 16;
/** A batch message may have this much around the batch. */
const BATCH_MESSAGE_BYTES = limits.batch + 128;
/** Byte offsets in a canonical batch: chain, origin, number. */
const NUMBER_AT = 34;

export class Ingress {
  readonly #parts: IngressParts;
  readonly #buckets: TokenBucket[];
  readonly #atWork: number[];

  constructor(parts: IngressParts) {
    this.#parts = parts;
    const now = parts.clock.now();
    this.#buckets = parts.set.validators.map(() => new TokenBucket(parts.perPeer, now));
    this.#atWork = parts.set.validators.map(() => 0);
  }
  /** Batches with the workers. */
  get atWork(): number {
    return this.#atWork.reduce((a, b) => a + b, 0);
  }

  /** A consensus message from `vote.<sender>`, or from our own inbox (`sender` undefined). */
  onConsensus(bytes: Uint8Array, sender: number | undefined): void {
    const { onReceived, clock, params, set, verifier, replay, openHeight, onMessage, onAccepted } = this.#parts;
    const envelope = unpackMessage(bytes);
    const kind = envelope?.message.kind ?? 'unknown';
    onReceived(kind);
    if (!envelope) return this.#refuse('MalformedMessage', kind, sender, undefined, 'the bytes are no consensus message');
    const { message, msgId, timestampMs } = envelope;
    const from = message.vote.validator;
    const refuse = (name: RejectionName, why: string) => this.#refuse(name, kind, from, msgId, why);
    if (sender !== undefined && sender !== from) return refuse('UnknownValidator', `it came on the subject of validator ${sender}`);
    const bucket = this.#buckets[from];
    if (!bucket) return refuse('UnknownValidator', 'there is no such validator');
    if (from === params.self) return; // an echo of ours
    if (!bucket.take(clock.now())) return refuse('RateLimited', 'too many messages of this validator');
    const ageMs = clock.now() - timestampMs;
    if (message.vote.vote.height < openHeight() && (ageMs > PAST_MS || ageMs < -FUTURE_MS))
      return refuse('MessageExpired', `its time is ${Math.round(ageMs / 1_000)} s off`);
    const wrong = checkMessage(set, params.chain, message, verifier);
    if (wrong) return refuse(wrong, 'form or signature');
    // What asks for an answer passes again: whoever has finalised the height answers a repeated ViewChange, too.
    const isAnswered = message.kind === 'view-change' || message.vote.vote.height < openHeight();
    if (!isAnswered && replay.isRepeat(messageKey(message), clock.now())) return refuse('DuplicateMessage', 'it came a moment ago');
    onAccepted(kind, from);
    onMessage(message);
  }

  /** A batch from `batch.<sender>`: to the workers, then into log and store. */
  async onBatch(bytes: Uint8Array, sender: number): Promise<void> {
    const { onReceived, set, params, clock, verify, store, journal, obtainer, onAccepted, onHeld } = this.#parts;
    onReceived('batch');
    if (sender === params.self) return;
    const refuse = (name: RejectionName, why: string) => this.#refuse(name, 'batch', sender, undefined, why);
    const publicKey = publicKeyOf(set, sender);
    if (!publicKey) return refuse('UnknownValidator', 'there is no such validator');
    const message = bytes.length <= BATCH_MESSAGE_BYTES ? unpackBatch(bytes) : undefined;
    if (!message || message.batch.length < NUMBER_AT + 8) return refuse('MalformedMessage', 'the bytes are no batch');
    if (isSame(store, sender, message.batch)) return; // sent again until it is ordered: no news
    if (!this.#buckets[sender]?.take(clock.now())) return refuse('RateLimited', 'too many messages of this validator');
    if ((this.#atWork[sender] ?? 0) >= BATCHES_AT_WORK) return refuse('QueueFull', 'its batches wait for the workers');
    this.#atWork[sender] = (this.#atWork[sender] ?? 0) + 1;
    try {
      const verdict = await verify.batch(message.batch, { publicKey, signature: message.signature });
      if (!verdict.ok) return refuse(verdict.name, verdict.why);
      const { ref } = verdict.batch;
      if (ref.origin !== sender) return refuse('WrongValidator', `it names origin ${ref.origin}`);
      const held = store.verdict(ref);
      if (held !== 'held') return this.#notHeld(held, ref, sender);
      journal.append({ kind: 'body', batch: message.batch, signature: message.signature });
      store.hold({ ...verdict.batch, encoded: message.batch, signature: message.signature });
      onAccepted('batch', sender);
      obtainer.arrived(ref.digest);
      onHeld();
    } catch (error) {
      refuse('QueueFull', error instanceof Error ? error.message : 'the workers are busy');
    } finally {
      this.#atWork[sender] = (this.#atWork[sender] ?? 1) - 1;
    }
  }

  /** A FinalNotice in our inbox: believed for its certificate, whoever sent it. */
  onFinal(bytes: Uint8Array): void {
    const { onReceived, onAccepted, params, set, verifier, openHeight, onNotice } = this.#parts;
    onReceived('final');
    const notice = unpackNotice(bytes);
    if (!notice) return this.#refuse('MalformedMessage', 'final', undefined, undefined, 'the bytes are no notice');
    const { header, certificate } = notice;
    if (header.height < openHeight()) return; // known
    if (!certifies(certificate, header, params.chain, set, verifier))
      return this.#refuse('InvalidSignature', 'final', undefined, undefined, 'the certificate does not prove it');
    const from = fromBitmap(certificate.signers, set.validators.length)?.find((i) => i !== params.self);
    if (from === undefined) return;
    onAccepted('final', from);
    onNotice(from, header.height);
  }

  #notHeld(verdict: Exclude<ReturnType<BodyStore['verdict']>, 'held'>, ref: BatchRef, sender: number): void {
    switch (verdict) {
      case 'duplicate':
      case 'old':
        return;
      case 'early':
        return this.#refuse('SequenceGap', 'batch', sender, undefined, `batch ${ref.number} is too far ahead`);
      case 'conflict':
        return this.#refuse('ConflictingVotes', 'batch', sender, undefined, `another batch ${ref.number} has not expired`);
      case 'full':
        return this.#refuse('QueueFull', 'batch', sender, undefined, 'its batches fill their share of memory');
    }
  }
  #refuse(name: RejectionName, kind: MessageKind, sender: number | undefined, msgId: string | undefined, why: string): void {
    this.#parts.onRefused({ name, kind, sender, msgId, why });
  }
}

/** Whether exactly these bytes are held already; cheaper than a digest. */
function isSame(store: BodyStore, origin: number, batch: Uint8Array): boolean {
  const number = Buffer.from(batch.buffer, batch.byteOffset + NUMBER_AT, 8).readBigUInt64BE();
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) return false;
  if (number < BigInt(store.next(origin))) return true;
  const digest: Digest | undefined = store.at(origin, Number(number));
  const held = digest === undefined ? undefined : store.find(digest);
  return held !== undefined && Buffer.compare(held.encoded, batch) === 0;
}
