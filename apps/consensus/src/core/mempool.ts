/**
 * Transactions that clients gave us and that are not final yet: bounded by count and bytes (C6). Signers take turns (K3): one that
 * sends a hundred thousand delays another's first by one place, and none may hold more than what it leaves free.
 */
import { type BatchEntry, type Digest, signerKey } from '@bursar/protocol';
import { Waiting } from './waiting.ts';

export interface Pending extends BatchEntry {
  readonly id: Digest;
}
export interface MempoolBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** Held places from which on the workers have enough to do. */
  readonly maxHeld: number;
}
type Place = 'queued' | 'batched';
interface Entry {
  readonly pending: Pending;
  readonly size: number;
  readonly account: Account;
  place: Place;
}
/** What one signer has here. */
interface Account {
  /** The signer's key, as text. */
  readonly signer: string;
  count: number;
  bytes: number;
}
/** Why there is no place. `share`: the signer has as much here as is left for all others; they go on. */
export type Refused = 'full' | 'share';
export type Added = 'added' | 'duplicate' | Refused;
/** A place that is held for an entry while its signature is checked. */
export interface Hold {
  readonly account: Account;
  readonly size: number;
}

/** Bytes that an entry costs in a batch beside its transaction: three lengths. */
const ENTRY_BYTES = 12;
/** Places of finished transactions that may wait for their turn beside as many as still wait for theirs. */
const STALE = 4_096;
export const entryBytes = (e: BatchEntry): number => e.transaction.length + e.traceparent.length + e.tracestate.length + ENTRY_BYTES;
/** The body stands first in a signed transaction, behind its length. */
const signerOf = (e: BatchEntry): string => Buffer.from(signerKey(e.transaction.subarray(4))).toString('latin1');

export class Mempool {
  readonly #bounds: MempoolBounds;
  readonly #entries = new Map<Digest, Entry>();
  /** Signers that have something here. */
  readonly #accounts = new Map<string, Account>();
  /** Ids that are to be batched; finished ones are skipped when their turn comes. */
  readonly #waiting = new Waiting<string, Digest>();
  #bytes = 0;
  #held = 0;
  #heldBytes = 0;
  #queued = 0;
  #queuedBytes = 0;

  constructor(bounds: MempoolBounds) {
    this.#bounds = bounds;
  }
  get size(): number {
    return this.#entries.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** Places in the queues, those of finished ones with them. */
  get places(): number {
    return this.#waiting.size;
  }
  /** Whoever comes now would wait long for the check of a signature. */
  get isBusy(): boolean {
    return this.#held >= this.#bounds.maxHeld;
  }
  /** Not yet in a batch. */
  get queued(): number {
    return this.#queued;
  }
  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  find(id: Digest): Pending | undefined {
    return this.#entries.get(id)?.pending;
  }
  has(id: Digest): boolean {
    return this.#entries.has(id);
  }
  /** All of them, in no order that matters: what the log must keep. */
  *all(): Generator<Pending> {
    for (const { pending } of this.#entries.values()) yield pending;
  }

  /** Takes a place before anything is spent on an entry; `fill` or `release` ends it. */
  hold(entry: BatchEntry): Hold | Refused {
    const { maxCount, maxBytes } = this.#bounds;
    const size = entryBytes(entry);
    const free = maxCount - this.#entries.size - this.#held;
    const freeBytes = maxBytes - this.#bytes - this.#heldBytes;
    if (free < 1 || freeBytes < size) return 'full';
    const signer = signerOf(entry);
    const account = this.#accounts.get(signer);
    // As much as is left free, and one in any case: k busy signers have 1/(k+1) each, and whoever comes next finds as much.
    if (account && (account.count >= free || account.bytes + size > freeBytes)) return 'share';
    return this.#hold(signer, size);
  }
  #hold(signer: string, size: number): Hold {
    const account = this.#accounts.get(signer) ?? { signer, count: 0, bytes: 0 };
    this.#accounts.set(signer, account);
    account.count++;
    account.bytes += size;
    this.#held++;
    this.#heldBytes += size;
    return { account, size };
  }

  /** Nothing came of it. */
  release({ account, size }: Hold): void {
    this.#held--;
    this.#heldBytes -= size;
    this.#leave(account, size);
  }

  /** Puts it into its place; a repeat gives the place back. */
  fill(hold: Hold, pending: Pending, place: Place = 'queued'): 'added' | 'duplicate' {
    if (this.#entries.has(pending.id)) {
      this.release(hold);
      return 'duplicate';
    }
    const { account, size } = hold;
    this.#held--;
    this.#heldBytes -= size;
    this.#entries.set(pending.id, { pending, size, account, place });
    this.#bytes += size;
    if (place === 'queued') {
      this.#waiting.push(account.signer, pending.id);
      this.#queued++;
      this.#queuedBytes += size;
    }
    return 'added';
  }

  add(pending: Pending, place: Place = 'queued'): Added {
    if (this.#entries.has(pending.id)) return 'duplicate';
    const hold = this.hold(pending);
    return typeof hold === 'string' ? hold : this.fill(hold, pending, place);
  }

  /** What an earlier run took, whatever share its signer has: the log does not keep the order of the holds. */
  restore(pending: Pending, place: Place): void {
    if (!this.#entries.has(pending.id)) this.fill(this.#hold(signerOf(pending), entryBytes(pending)), pending, place);
  }

  /** One of each signer in turn, each signer's in the order of arrival, as many as fit, at least one; they count as batched from now on. */
  take(maxCount: number, maxBytes: number): Pending[] {
    const taken: Pending[] = [];
    let bytes = 0;
    while (taken.length < maxCount) {
      const id = this.#waiting.peek();
      if (id === undefined) break;
      const entry = this.#entries.get(id);
      if (entry?.place !== 'queued') {
        this.#waiting.drop(); // finished meanwhile: its signer keeps its turn
        continue;
      }
      bytes += entry.size;
      if (bytes > maxBytes && taken.length > 0) break;
      this.#waiting.shift();
      entry.place = 'batched';
      this.#queued--;
      this.#queuedBytes -= entry.size;
      taken.push(entry.pending);
    }
    return taken;
  }

  /** Their batch was not ordered as it was made: they wait at the front again. Ids that are finished are left out. */
  putBack(ids: Iterable<Digest>): void {
    const back = new Map<string, Digest[]>();
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry?.place !== 'batched') continue;
      entry.place = 'queued';
      this.#queued++;
      this.#queuedBytes += entry.size;
      const of = back.get(entry.account.signer) ?? [];
      of.push(id);
      back.set(entry.account.signer, of);
    }
    if (back.size > 0) this.#waiting.unshift(back);
  }

  /** Final or refused: forgotten. @returns those that were known */
  remove(ids: Iterable<Digest>): Digest[] {
    const removed: Digest[] = [];
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      const { account, size, place } = entry;
      this.#entries.delete(id);
      this.#bytes -= size;
      this.#leave(account, size);
      if (place === 'queued') {
        this.#queued--;
        this.#queuedBytes -= size;
      }
      removed.push(id);
    }
    // Others may order what waits here while no batch of ours is made (the signer is away): what is over must not pile up.
    if (this.#waiting.size > 2 * this.#queued + STALE) this.#waiting.sift((id) => this.#entries.get(id)?.place === 'queued');
    return removed;
  }

  #leave(account: Account, size: number): void {
    account.bytes -= size;
    if (--account.count === 0) this.#accounts.delete(account.signer);
  }
}
