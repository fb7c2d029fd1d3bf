/** Gets the bodies of a block: those that came by themselves, the others from peers. What counts as held is in the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { publicKeyOf, type ValidatorSet } from '@bursar/membership';
import { type BatchRef, type Block, batchDigest, type Digest, headerDigest, type RejectionName } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { backoffMs, createBulkhead } from '@bursar/shared-core';
import type { VerifyPort } from '../ports.ts';
import type { Body, BodyStore } from './body-store.ts';
import type { Fetcher } from './fetcher.ts';
import { bodiesOf, unpackFinalBlocks } from './final-blocks.ts';
import type { InVerification } from './in-verification.ts';
import type { Journal } from './journal.ts';

export interface ObtainerParts {
  readonly set: ValidatorSet;
  readonly store: BodyStore;
  readonly fetcher: Fetcher;
  readonly verify: VerifyPort;
  readonly journal: Journal;
  readonly inVerification: InVerification;
  /** A batch on its way is given so long before a peer is asked, one that is with the workers some times that. */
  readonly graceMs: number;
  readonly onRefused: (ref: BatchRef, name: RejectionName, why: string) => void;
}

interface Refusal {
  readonly name: RejectionName;
  readonly why: string;
}
const MAX_REFUSED = 1_024;
/** Graces that a batch with the workers is given: an origin that keeps sending it under wrong signatures holds up a block no longer. */
const MOST_GRACES = 25;
/** A body is not what its block says, and never will be. */
class NeverValid extends Error {}

export class Obtainer {
  readonly #parts: ObtainerParts;
  readonly #arrivals = new Map<Digest, Set<() => void>>();
  /** References whose bodies are invalid or other than they say: no block that has one gets a vote. Whole references: a liar's must not spoil an honest one to the same batch. */
  readonly #refused = new Set<string>();

  readonly #few = createBulkhead('verifying fetched batches', 4, 1_024);

  constructor(parts: ObtainerParts) {
    this.#parts = parts;
  }

  /** A body was taken into the store, or will not be. */
  arrived(digest: Digest): void {
    for (const tell of [...(this.#arrivals.get(digest) ?? [])]) tell();
  }
  #refuse(ref: BatchRef): void {
    this.#refused.add(nameOf(ref));
    for (const oldest of this.#refused) {
      if (this.#refused.size <= MAX_REFUSED) return;
      this.#refused.delete(oldest);
    }
  }

  /** Bodies of a block that is to be voted on: the origin's signature and every transaction's must hold. Keeps trying. @throws when aborted */
  async proposed(block: Block, from: readonly number[], signal: AbortSignal): Promise<Body[]> {
    const hopeless = new AbortController();
    const either = AbortSignal.any([signal, hopeless.signal]);
    const found = await Promise.all(block.batches.map((ref) => this.#verified(ref, from, either))).catch(async (error: unknown) => {
      if (!(error instanceof NeverValid)) throw error;
      hopeless.abort(error); // the other bodies are of no use any more
      return await never(signal);
    });
    this.#parts.store.pin(headerDigest(block.header), block.header.height, found, false);
    return found;
  }

  /** Bodies of a final block: a quorum has checked them, so the digests suffice. Keeps trying. @throws when aborted */
  async certified(block: Block, signal: AbortSignal): Promise<Body[]> {
    const { store, fetcher } = this.#parts;
    const { height } = block.header;
    const held = () => block.batches.map((ref) => store.find(ref.digest)).filter((b) => b !== undefined);
    for (let round = 1; held().length < block.batches.length; round++) {
      for (const peer of fetcher.peers([])) {
        signal.throwIfAborted();
        // Whoever has executed it answers with the whole; whoever has not may still hold single bodies.
        const whole = await fetcher.ask(peer, { kind: 'final-blocks', from: height, to: height }, (bytes) => {
          const found = unpackFinalBlocks(bytes, height, height)?.blocks[0];
          return found && bodiesOf(block, found);
        });
        if (!whole || !(await this.#take(block, whole))) await this.#takeSingly(peer, block);
        if (held().length === block.batches.length) break;
      }
      if (held().length < block.batches.length) await sleep(backoffMs(round, { baseMs: 50, capMs: 2_000 }), undefined, { signal });
    }
    const found = held();
    store.pin(headerDigest(block.header), height, found, true);
    return found;
  }

  /**
   * Bodies that came with a certified block: into the log, and kept until the block is executed.
   * @returns false when the workers have no time for them: nothing was taken
   */
  async #take(block: Block, batches: readonly Uint8Array[]): Promise<boolean> {
    const bodies = await Promise.all(block.batches.map((ref, i) => this.#certifiedBody(ref, async () => batches[i])));
    if (bodies.some((b) => b === undefined)) return false;
    this.#keepCertified(block, bodies);
    return true;
  }

  /** All at once: a peer that lets us wait costs its time-out once. */
  async #takeSingly(peer: number, block: Block): Promise<void> {
    const fetch = ({ digest }: BatchRef) =>
      this.#parts.fetcher.ask(peer, { kind: 'batch', digest }, (bytes) => {
        const message = unpackBatch(bytes);
        return message && batchDigest(message.batch) === digest ? message.batch : undefined;
      });
    this.#keepCertified(block, await Promise.all(block.batches.map((ref) => this.#certifiedBody(ref, () => fetch(ref)))));
  }

  /** A body whose digest a quorum has certified: only its form is looked at. Undefined: not there, or the workers have no time. */
  async #certifiedBody({ digest }: BatchRef, get: () => Promise<Uint8Array | undefined>): Promise<Body | undefined> {
    const { store, verify } = this.#parts;
    const known = store.find(digest);
    if (known) return known;
    const encoded = await get();
    const verdict = encoded && (await verify.batch(encoded, undefined).catch(() => undefined));
    return encoded && verdict?.ok ? { ...verdict.batch, encoded, signature: undefined } : undefined;
  }

  #keepCertified(block: Block, found: readonly (Body | undefined)[]): void {
    const { store, journal } = this.#parts;
    const bodies = found.filter((b) => b !== undefined);
    for (const { ref, encoded, signature } of bodies)
      if (!store.find(ref.digest)) journal.append({ kind: 'body', batch: encoded, signature });
    store.pin(headerDigest(block.header), block.header.height, bodies, true);
  }

  async #verified(ref: BatchRef, from: readonly number[], signal: AbortSignal): Promise<Body> {
    const { store, fetcher, journal, graceMs, inVerification, onRefused } = this.#parts;
    const held = (): Body | undefined => {
      const body = store.find(ref.digest);
      return body?.signature && sameRef(body.ref, ref) ? body : undefined;
    };
    let body = held() ?? (await this.#await(ref.digest, held, graceMs, signal));
    for (let waits = 1; !body && waits < MOST_GRACES && inVerification.has(ref.origin, ref.digest); waits++)
      body = await this.#await(ref.digest, held, graceMs, signal);
    if (body) return body;
    if (this.#refused.has(nameOf(ref))) throw new NeverValid();
    const want = { kind: 'batch', digest: ref.digest } as const;
    const fetched = await fetcher.find<Body | Refusal>(
      want,
      [...from, ref.origin],
      (bytes) => this.#check(bytes, ref, signal),
      signal,
      held,
    );
    if ('why' in fetched) {
      this.#refuse(ref);
      onRefused(ref, fetched.name, fetched.why);
      throw new NeverValid();
    }
    const already = held();
    if (already) return already;
    journal.append({ kind: 'body', batch: fetched.encoded, signature: fetched.signature });
    if (store.hold(fetched) === 'held') this.arrived(ref.digest);
    return fetched;
  }

  /** What a peer sent: not the signed batch asked for → undefined, ask another; the batch, but invalid → why. */
  async #check(bytes: Uint8Array, ref: BatchRef, signal: AbortSignal): Promise<Body | Refusal | undefined> {
    const message = unpackBatch(bytes);
    const publicKey = publicKeyOf(this.#parts.set, ref.origin);
    if (!message || !publicKey || batchDigest(message.batch) !== ref.digest) return undefined;
    const { batch, signature } = message;
    // A few at a time: a bad leader's block of invalid bodies must not keep the workers from everything else.
    const verify = async () => (signal.aborted ? undefined : await this.#parts.verify.batch(batch, { publicKey, signature }));
    const verdict = await this.#few(verify).catch(() => undefined);
    if (!verdict) return undefined; // the workers are busy: the next round tries again
    if (!verdict.ok) return verdict.ofOrigin ? undefined : verdict; // another peer may have the right signature
    if (!sameRef(verdict.batch.ref, ref))
      return { name: 'MalformedMessage', why: 'the block says something else of the batch than the batch itself' };
    return { ...verdict.batch, encoded: batch, signature };
  }

  #await(digest: Digest, held: () => Body | undefined, graceMs: number, signal: AbortSignal): Promise<Body | undefined> {
    return new Promise((resolve, reject) => {
      const tellers = this.#arrivals.get(digest) ?? new Set();
      this.#arrivals.set(digest, tellers);
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        tellers.delete(arrive);
        if (tellers.size === 0) this.#arrivals.delete(digest);
      };
      const arrive = () => {
        leave();
        resolve(held());
      };
      const abort = () => {
        leave();
        reject(signal.reason);
      };
      const timer = setTimeout(arrive, graceMs);
      tellers.add(arrive);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }
}

/** A batch message, with bytes of their own; undefined for anything else. */
export function unpackBatch(bytes: Uint8Array): { readonly batch: Uint8Array; readonly signature: Uint8Array } | undefined {
  try {
    const { batch, signature } = fromBinary(wire.BatchMessageSchema, bytes);
    return batch.length === 0 ? undefined : { batch: new Uint8Array(batch), signature: new Uint8Array(signature) };
  } catch {
    return undefined;
  }
}

export const sameRef = (a: BatchRef, b: BatchRef): boolean =>
  a.origin === b.origin &&
  a.number === b.number &&
  a.digest === b.digest &&
  a.bytes === b.bytes &&
  a.transactions === b.transactions &&
  a.expiresAt === b.expiresAt;

const nameOf = (r: BatchRef): string => `${r.digest}/${r.origin}/${r.number}/${r.bytes}/${r.transactions}/${r.expiresAt}`;

/** Waits for the height to end: nothing will make this block acceptable. */
const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
