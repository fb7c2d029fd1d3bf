/** Batches and notices of other validators; consensus messages go through the gates of pipeline.ts. */
import type { Verifier } from '@bursar/crypto';
import { fromBitmap, publicKeyOf, type ValidatorSet } from '@bursar/membership';
import { batchDigest, type Certificate, type Digest, limits, type RejectionName } from '@bursar/protocol';
import type { MessageKind } from '../metrics.ts';
import type { Clock, VerifyPort } from '../ports.ts';
import type { BodyStore, HoldVerdict } from './body-store.ts';
import { certifies, unpackNotice } from './final-blocks.ts';
import type { Refused } from './gates/refusal.ts';
import type { InVerification } from './in-verification.ts';
import type { Journal } from './journal.ts';
import { type Obtainer, unpackBatch } from './obtain.ts';
import type { Shedder } from './shedder.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

interface Wrong {
  readonly name: RejectionName;
  readonly why: string;
}
export interface IngressParts {
  readonly set: ValidatorSet;
  readonly chain: Digest;
  readonly self: number;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly verify: VerifyPort;
  readonly store: BodyStore;
  readonly obtainer: Pick<Obtainer, 'arrived'>;
  readonly inVerification: InVerification;
  readonly journal: Journal;
  readonly shedder: Shedder;
  readonly openHeight: () => number;
  /** A height is final by this certificate, which was checked and which this validator has signed. */
  readonly onNotice: (from: number, certificate: Certificate) => void;
  readonly onHeld: () => void;
  readonly onReceived: (kind: MessageKind) => void;
  readonly onAccepted: (kind: MessageKind, sender: number) => void;
  readonly onRefused: (refused: Refused) => void;
  /**
   * C6: bytes in batches of each validator; notices of all together. Each has a bucket of its own, as consensus messages have, so that
   * a flood of one kind cannot silence another.
   */
  readonly rates: { readonly batchBytes: Rate; readonly notices: Rate };
}

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
  readonly #batches: TokenBucket[];
  readonly #notices: TokenBucket;
  readonly #atWork: number[];
  /** For each origin: until when its batches are not looked at, because it signed an invalid one. A block's are fetched all the same. */
  readonly #distrustedUntil: number[];

  constructor(parts: IngressParts) {
    this.#parts = parts;
    const { rates, clock } = parts;
    const buckets = (rate: Rate) => parts.set.validators.map(() => new TokenBucket(rate, clock.now()));
    this.#batches = buckets(rates.batchBytes);
    this.#notices = new TokenBucket(rates.notices, clock.now());
    this.#atWork = parts.set.validators.map(() => 0);
    this.#distrustedUntil = parts.set.validators.map(() => -Infinity);
  }
  /** Batches with the workers. */
  get atWork(): number {
    return this.#atWork.reduce((a, b) => a + b, 0);
  }

  /** A batch from `batch.<sender>`: to the workers, then into log and store. */
  async onBatch(bytes: Uint8Array, sender: number | undefined): Promise<void> {
    const { onReceived, self, onAccepted, onRefused } = this.#parts;
    if (sender === self) return;
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
    const { set, clock, verify, store, journal, obtainer, inVerification, shedder, onHeld } = this.#parts;
    const publicKey = publicKeyOf(set, sender);
    if (!publicKey) return { name: 'UnknownValidator', why: 'there is no such validator' };
    const message = bytes.length <= BATCH_MESSAGE_BYTES ? unpackBatch(bytes) : undefined;
    if (!message || message.batch.length < NUMBER_AT + 8) return { name: 'MalformedMessage', why: 'the bytes are no batch' };
    const number = numberOf(message.batch);
    if (isSame(store, sender, number, message.batch)) return 'known'; // sent again until it is ordered
    const digest = batchDigest(message.batch);
    if (inVerification.hasClaim(sender, digest, message.signature)) return 'known'; // sent again meanwhile
    const misplaced = notHeld(store.place(sender, number), number);
    if (misplaced) return misplaced;
    if (shedder.refuses('batch')) return { name: 'InsufficientResources', why: 'memory is short' };
    if (clock.now() < (this.#distrustedUntil[sender] as number)) return { name: 'RateLimited', why: 'a batch that it signed was invalid' };
    if (!this.#batches[sender]?.take(clock.now(), bytes.length))
      return { name: 'RateLimited', why: 'too many bytes in batches of this validator' };
    if ((this.#atWork[sender] ?? 0) >= BATCHES_AT_WORK) return { name: 'QueueFull', why: 'its batches wait for the workers' };
    this.#atWork[sender] = (this.#atWork[sender] ?? 0) + 1;
    inVerification.begin(sender, digest, message.signature);
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
      onHeld();
      return 'held';
    } catch (error) {
      return { name: 'QueueFull', why: error instanceof Error ? error.message : 'the workers are busy' };
    } finally {
      this.#atWork[sender] = (this.#atWork[sender] ?? 1) - 1;
      inVerification.end(sender, digest, message.signature);
      obtainer.arrived(digest);
    }
  }

  /** A FinalNotice in our inbox: believed for its certificate, whoever sent it. */
  onFinal(bytes: Uint8Array): void {
    const { onReceived, onAccepted, onRefused, chain, self, set, verifier, openHeight, onNotice, clock } = this.#parts;
    onReceived('final');
    const notice = unpackNotice(bytes);
    const refuse = (name: RejectionName, why: string) => onRefused({ name, kind: 'final', sender: undefined, msgId: undefined, why });
    if (!notice) refuse('MalformedMessage', 'the bytes are no notice');
    else if (notice.header.height < openHeight())
      return; // known
    else if (!this.#notices.take(clock.now())) refuse('RateLimited', 'too many notices');
    else if (!certifies(notice.certificate, notice.header, chain, set, verifier))
      refuse('InvalidSignature', 'the certificate does not prove it');
    else {
      const from = fromBitmap(notice.certificate.signers, set.validators.length)?.find((i) => i !== self);
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
