/** Gets the bodies of a block: those that came by themselves, the others from peers. What counts as held is in the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { publicKeyOf, type ValidatorSet } from '@bursar/membership';
import { type BatchRef, type Block, batchDigest, type Digest, headerDigest, type RejectionName } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { backoffMs, rejection } from '@bursar/shared-core';
import type { VerifyPort } from '../ports.ts';
import type { Body, BodyStore } from './body-store.ts';
import type { Fetcher } from './fetcher.ts';
import type { CheckedFinal } from './final-blocks.ts';
import type { Journal } from './journal.ts';

export interface ObtainerParts {
  readonly set: ValidatorSet;
  readonly store: BodyStore;
  readonly fetcher: Fetcher;
  readonly verify: VerifyPort;
  readonly journal: Journal;
  /** Checks a final block of that height with its certificate. */
  readonly unpackFinal: (bytes: Uint8Array, height: number) => CheckedFinal | undefined;
  /** A batch on its way is given so long before a peer is asked. */
  readonly graceMs: number;
  readonly onRefused: (ref: BatchRef, name: RejectionName, why: string) => void;
}

interface Refusal {
  readonly name: RejectionName;
  readonly why: string;
}
const MAX_REFUSED = 1_024;

export class Obtainer {
  readonly #parts: ObtainerParts;
  readonly #arrivals = new Map<Digest, Set<() => void>>();
  /** Digests whose bodies are invalid: no block that names them gets a vote. */
  readonly #refused = new Set<Digest>();

  constructor(parts: ObtainerParts) {
    this.#parts = parts;
  }

  /** A body was taken into the store. */
  arrived(digest: Digest): void {
    for (const tell of [...(this.#arrivals.get(digest) ?? [])]) tell();
  }
  refuse(digest: Digest): void {
    this.#refused.add(digest);
    for (const oldest of this.#refused) {
      if (this.#refused.size <= MAX_REFUSED) return;
      this.#refused.delete(oldest);
    }
  }

  /** Bodies of a block that is to be voted on: the origin's signature and every transaction's must hold. Keeps trying. @throws when aborted */
  async proposed(block: Block, from: readonly number[], signal: AbortSignal): Promise<Body[]> {
    const found = await Promise.all(block.batches.map((ref) => this.#verified(ref, from, signal)));
    this.#parts.store.pin(headerDigest(block.header), block.header.height, found, false);
    return found;
  }

  /** Bodies of a final block: a quorum has checked them, so the digests suffice. Keeps trying. @throws when aborted */
  async certified(block: Block, signal: AbortSignal): Promise<Body[]> {
    const { store, fetcher, unpackFinal } = this.#parts;
    const { height } = block.header;
    const held = () => block.batches.map((ref) => store.find(ref.digest)).filter((b) => b !== undefined);
    for (let round = 1; held().length < block.batches.length; round++) {
      for (const peer of fetcher.peers([])) {
        signal.throwIfAborted();
        // Whoever has executed it answers with the whole; whoever has not may still hold single bodies.
        const whole = await fetcher.ask(peer, { kind: 'final-block', height }, (bytes) => unpackFinal(bytes, height));
        if (whole && sameBlock(whole.block, block)) await this.take(whole);
        else await this.#takeSingly(peer, block);
        if (held().length === block.batches.length) break;
      }
      if (held().length < block.batches.length) await sleep(backoffMs(round, { baseMs: 50, capMs: 2_000 }), undefined, { signal });
    }
    const found = held();
    store.pin(headerDigest(block.header), height, found, true);
    return found;
  }

  /** Bodies that came with a certified block: into the log, and kept until the block is executed. */
  async take(final: CheckedFinal): Promise<void> {
    const { store, verify, journal } = this.#parts;
    const bodies: Body[] = [];
    for (const [i, encoded] of final.batches.entries()) {
      const known = store.find(final.block.batches[i]?.digest ?? '');
      if (known) bodies.push(known);
      else {
        const verdict = await verify.batch(encoded, undefined);
        if (!verdict.ok) throw rejection(verdict.name, `a body of final block ${final.block.header.height} cannot be read: ${verdict.why}`);
        journal.append({ kind: 'body', batch: encoded, signature: undefined });
        bodies.push({ ...verdict.batch, encoded, signature: undefined });
      }
    }
    store.pin(headerDigest(final.block.header), final.block.header.height, bodies, true);
  }

  async #takeSingly(peer: number, block: Block): Promise<void> {
    const { store, fetcher, verify, journal } = this.#parts;
    const bodies: Body[] = [];
    for (const ref of block.batches) {
      if (store.find(ref.digest)) continue;
      const batch = await fetcher.ask(peer, { kind: 'batch', digest: ref.digest }, (bytes) => {
        const message = unpackBatch(bytes);
        return message && batchDigest(message.batch) === ref.digest ? message.batch : undefined;
      });
      const verdict = batch && (await verify.batch(batch, undefined));
      if (!batch || !verdict?.ok) continue;
      journal.append({ kind: 'body', batch, signature: undefined });
      bodies.push({ ...verdict.batch, encoded: batch, signature: undefined });
    }
    const known = block.batches.map((ref) => store.find(ref.digest)).filter((b) => b !== undefined);
    store.pin(headerDigest(block.header), block.header.height, [...known, ...bodies], true);
  }

  async #verified(ref: BatchRef, from: readonly number[], signal: AbortSignal): Promise<Body> {
    const { store, fetcher, journal, graceMs, onRefused } = this.#parts;
    const held = (): Body | undefined => {
      const body = store.find(ref.digest);
      return body?.signature && sameRef(body.ref, ref) ? body : undefined;
    };
    const body = held() ?? (await this.#await(ref.digest, held, graceMs, signal));
    if (body) return body;
    if (this.#refused.has(ref.digest)) return await never(signal);
    const want = { kind: 'batch', digest: ref.digest } as const;
    const fetched = await fetcher.find<Body | Refusal>(want, [...from, ref.origin], (bytes) => this.#check(bytes, ref), signal, held);
    if ('why' in fetched) {
      this.refuse(ref.digest);
      onRefused(ref, fetched.name, fetched.why);
      return await never(signal);
    }
    const already = held();
    if (already) return already;
    journal.append({ kind: 'body', batch: fetched.encoded, signature: fetched.signature });
    if (store.hold(fetched) === 'held') this.arrived(ref.digest);
    return fetched;
  }

  /** What a peer sent: not the signed batch asked for → undefined, ask another; the batch, but invalid → why. */
  async #check(bytes: Uint8Array, ref: BatchRef): Promise<Body | Refusal | undefined> {
    const message = unpackBatch(bytes);
    const publicKey = publicKeyOf(this.#parts.set, ref.origin);
    if (!message || !publicKey || batchDigest(message.batch) !== ref.digest) return undefined;
    const { batch, signature } = message;
    const verdict = await this.#parts.verify.batch(batch, { publicKey, signature }).catch(() => undefined);
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

const sameBlock = (a: Block, b: Block): boolean => headerDigest(a.header) === headerDigest(b.header);

/** Waits for the height to end: nothing will make this block acceptable. */
const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
