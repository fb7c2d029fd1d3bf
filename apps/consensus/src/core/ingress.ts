/** The gates that a message of another validator passes on its way to the engine (C5): structure → signature → sequence → replay; phase and quorum are the engine's. */
import type { Verifier } from '@bursar/crypto';
import { fromBitmap, publicKeyOf, type ValidatorSet } from '@bursar/membership';
import { checkMessage, type Params, type ReplayFilter } from '@bursar/pbft';
import { type Certificate, type Digest, limits, type Message, type RejectionName } from '@bursar/protocol';
import type { MessageKind } from '../metrics.ts';
import type { Clock, VerifyPort } from '../ports.ts';
import type { BodyStore, HoldVerdict } from './body-store.ts';
import { type Envelope, unpackMessage } from './envelope.ts';
import { certifies, unpackNotice } from './final-blocks.ts';
import type { Journal } from './journal.ts';
import { type Obtainer, unpackBatch } from './obtain.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Refused {
  readonly name: RejectionName;
  readonly kind: MessageKind;
  /** As the subject says. */
  readonly sender: number | undefined;
  readonly msgId: string | undefined;
  readonly why: string;
}
interface Wrong {
  readonly name: RejectionName;
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
  /** This process sent the message of that id. */
  readonly isOurs: (msgId: string) => boolean;
  readonly onMessage: (message: Message) => void;
  /** A height is final by this certificate, which was checked and which this validator has signed. */
  readonly onNotice: (from: number, certificate: Certificate) => void;
  readonly onHeld: () => void;
  readonly onReceived: (kind: MessageKind) => void;
  readonly onAccepted: (kind: MessageKind, sender: number) => void;
  readonly onRefused: (refused: Refused) => void;
  /**
   * C6, for each validator: messages on its subject, and bytes of its batches. Each has a bucket of its own, so that a flood of one
   * kind cannot silence another. Notices: from all together.
   */
  readonly rates: { readonly votes: Rate; readonly batchBytes: Rate; readonly notices: Rate };
}
interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** C5: the envelope's time is a hint; for the open height and later it is not looked at. */
const PAST_MS = 3_600_000;
const FUTURE_MS = 60_000;
/** An invalid batch may cost the workers a third of a second, and its origin nothing. */
const DISTRUST_MS = 60_000;
/** Batches of one origin that wait for the workers: the rest is sent again by its origin. */
const BATCHES_AT_WORK = 16;
/** A batch message may have this much around the batch. */
const BATCH_MESSAGE_BYTES = limits.batch + 128;
/** Byte offsets in a canonical batch: chain, origin, number. */
const NUMBER_AT = 34;

export class Ingress {
  readonly #parts: IngressParts;
  readonly #votes: TokenBucket[];
  readonly #batches: TokenBucket[];
  readonly #notices: TokenBucket;
  readonly #atWork: number[];
  /** For each origin: until when its batches are not looked at, because it signed an invalid one. A block's are fetched all the same. */
  readonly #distrustedUntil: number[];

  constructor(parts: IngressParts) {
    this.#parts = parts;
    const { rates, clock } = parts;
    const buckets = (rate: Rate) => parts.set.validators.map(() => new TokenBucket(rate, clock.now()));
    this.#votes = buckets(rates.votes);
    this.#batches = buckets(rates.batchBytes);
    this.#notices = new TokenBucket(rates.notices, clock.now());
    this.#atWork = parts.set.validators.map(() => 0);
    this.#distrustedUntil = parts.set.validators.map(() => -Infinity);
  }
  /** Batches with the workers. */
  get atWork(): number {
    return this.#atWork.reduce((a, b) => a + b, 0);
  }

  /** A consensus message from `vote.<sender>`; undefined: its subject names no validator. */
  onConsensus(bytes: Uint8Array, sender: number | undefined): void {
    const { onReceived, onMessage, onAccepted, onRefused, isOurs, params } = this.#parts;
    const envelope = unpackMessage(bytes);
    const kind = envelope?.message.kind ?? 'unknown';
    onReceived(kind);
    if (!envelope) {
      onRefused({ name: 'MalformedMessage', kind, sender, msgId: undefined, why: 'the bytes are no consensus message' });
      return;
    }
    const { message, msgId } = envelope;
    const from = message.vote.validator;
    // An echo of ours; with our signature but not from here, it goes on: somebody else may run with our key.
    if (from === params.self && isOurs(msgId)) return;
    const wrong = this.#gates(envelope, sender);
    if (wrong) onRefused({ ...wrong, kind, sender: from, msgId });
    else {
      onAccepted(kind, from);
      onMessage(message);
    }
  }

  #gates({ message, timestampMs }: Envelope, sender: number | undefined): Wrong | undefined {
    const { clock, params, set, verifier, replay, openHeight } = this.#parts;
    const from = message.vote.validator;
    const now = clock.now();
    const isPast = message.vote.vote.height < openHeight();
    if (sender !== from)
      return { name: 'UnknownValidator', why: `it came on the subject of ${sender === undefined ? 'nobody' : `validator ${sender}`}` };
    const bucket = this.#votes[from];
    if (!bucket) return { name: 'UnknownValidator', why: 'there is no such validator' };
    if (!bucket.take(now)) return { name: 'RateLimited', why: 'too many messages of this validator' };
    const ageMs = now - timestampMs;
    if (isPast && (ageMs > PAST_MS || ageMs < -FUTURE_MS))
      return { name: 'MessageExpired', why: `its time is ${Math.round(ageMs / 1_000)} s off` };
    const name = checkMessage(set, params.chain, message, verifier);
    if (name) return { name, why: 'form or signature' };
    if (replay.refuses(message, openHeight(), now)) return { name: 'DuplicateMessage', why: 'it came a moment ago' };
    return undefined;
  }

  /** A batch from `batch.<sender>`: to the workers, then into log and store. */
  async onBatch(bytes: Uint8Array, sender: number | undefined): Promise<void> {
    const { onReceived, params, onAccepted, onRefused } = this.#parts;
    if (sender === params.self) return;
    onReceived('batch');
    if (sender === undefined) {
      onRefused({ name: 'UnknownValidator', kind: 'batch', sender, msgId: undefined, why: 'its subject names no validator' });
      return;
    }
    const outcome = await this.#takeBatch(bytes, sender);
    if (outcome === 'held') onAccepted('batch', sender);
    else if (outcome !== 'known') onRefused({ ...outcome, kind: 'batch', sender, msgId: undefined });
  }

  async #takeBatch(bytes: Uint8Array, sender: number): Promise<Wrong | 'held' | 'known'> {
    const { set, clock, verify, store, journal, obtainer, onHeld } = this.#parts;
    const publicKey = publicKeyOf(set, sender);
    if (!publicKey) return { name: 'UnknownValidator', why: 'there is no such validator' };
    const message = bytes.length <= BATCH_MESSAGE_BYTES ? unpackBatch(bytes) : undefined;
    if (!message || message.batch.length < NUMBER_AT + 8) return { name: 'MalformedMessage', why: 'the bytes are no batch' };
    const number = numberOf(message.batch);
    if (isSame(store, sender, number, message.batch)) return 'known'; // sent again until it is ordered
    const misplaced = notHeld(store.place(sender, number), number);
    if (misplaced) return misplaced;
    if (clock.now() < (this.#distrustedUntil[sender] as number)) return { name: 'RateLimited', why: 'a batch that it signed was invalid' };
    if (!this.#batches[sender]?.take(clock.now(), bytes.length))
      return { name: 'RateLimited', why: 'too many bytes in batches of this validator' };
    if ((this.#atWork[sender] ?? 0) >= BATCHES_AT_WORK) return { name: 'QueueFull', why: 'its batches wait for the workers' };
    this.#atWork[sender] = (this.#atWork[sender] ?? 0) + 1;
    try {
      const verdict = await verify.batch(message.batch, { publicKey, signature: message.signature });
      if (!verdict.ok) {
        if (!verdict.ofOrigin) this.#distrustedUntil[sender] = clock.now() + DISTRUST_MS;
        return verdict;
      }
      const { ref } = verdict.batch;
      if (ref.origin !== sender) return { name: 'WrongValidator', why: `it names origin ${ref.origin}` };
      const wrong = notHeld(store.verdict(ref), ref.number);
      if (wrong) return wrong;
      journal.append({ kind: 'body', batch: message.batch, signature: message.signature });
      store.hold({ ...verdict.batch, encoded: message.batch, signature: message.signature });
      obtainer.arrived(ref.digest);
      onHeld();
      return 'held';
    } catch (error) {
      return { name: 'QueueFull', why: error instanceof Error ? error.message : 'the workers are busy' };
    } finally {
      this.#atWork[sender] = (this.#atWork[sender] ?? 1) - 1;
    }
  }

  /** A FinalNotice in our inbox: believed for its certificate, whoever sent it. */
  onFinal(bytes: Uint8Array): void {
    const { onReceived, onAccepted, onRefused, params, set, verifier, openHeight, onNotice, clock } = this.#parts;
    onReceived('final');
    const notice = unpackNotice(bytes);
    const refuse = (name: RejectionName, why: string) => onRefused({ name, kind: 'final', sender: undefined, msgId: undefined, why });
    if (!notice) refuse('MalformedMessage', 'the bytes are no notice');
    else if (notice.header.height < openHeight())
      return; // known
    else if (!this.#notices.take(clock.now())) refuse('RateLimited', 'too many notices');
    else if (!certifies(notice.certificate, notice.header, params.chain, set, verifier))
      refuse('InvalidSignature', 'the certificate does not prove it');
    else {
      const from = fromBitmap(notice.certificate.signers, set.validators.length)?.find((i) => i !== params.self);
      if (from === undefined) return;
      onAccepted('final', from);
      onNotice(from, notice.certificate);
    }
  }
}

function notHeld(verdict: HoldVerdict, number: number): Wrong | 'known' | undefined {
  switch (verdict) {
    case 'held':
      return undefined;
    case 'duplicate':
    case 'old':
      return 'known';
    case 'early':
      return { name: 'SequenceGap', why: `batch ${number} is too far ahead` };
    case 'conflict':
      return { name: 'ConflictingVotes', why: `another batch ${number} has not expired` };
    case 'full':
      return { name: 'QueueFull', why: 'its batches fill their share of memory' };
  }
}

/** The number that a canonical batch bears; one that no number holds is too far ahead as well. */
const numberOf = (batch: Uint8Array): number => Number(Buffer.from(batch.buffer, batch.byteOffset + NUMBER_AT, 8).readBigUInt64BE());

/** Whether exactly these bytes are held already; cheaper than a digest. */
function isSame(store: BodyStore, origin: number, number: number, batch: Uint8Array): boolean {
  if (number < store.next(origin)) return true;
  const digest: Digest | undefined = store.at(origin, number);
  const held = digest === undefined ? undefined : store.find(digest);
  return held !== undefined && Buffer.compare(held.encoded, batch) === 0;
}
