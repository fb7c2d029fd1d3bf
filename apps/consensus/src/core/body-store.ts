/** Batches of all origins that were verified and are in the log: a window of numbers and bytes for each origin, and what blocks hold. */
import type { BatchRef, Digest } from '@bursar/protocol';

export interface Body {
  readonly ref: BatchRef;
  /** Canonical batch. */
  readonly encoded: Uint8Array;
  /** The origin's, over the batch hash; undefined when it came with a certified block. */
  readonly signature: Uint8Array | undefined;
  /** Ids of its transactions, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Traceparents of its first entries that have one: for links of spans. */
  readonly traceparents: readonly string[];
}
export interface BodyLimits {
  /** Numbers above the next one that are kept for an origin. */
  readonly window: number;
  /** Bytes that are kept for an origin. */
  readonly bytesPerOrigin: number;
  /** Blocks of the open height whose bodies are kept whatever their origins do. */
  readonly pinnedBlocks: number;
}
export type HoldVerdict = 'held' | 'duplicate' | 'old' | 'early' | 'conflict' | 'full';

export class BodyStore {
  readonly #limits: BodyLimits;
  readonly #bodies = new Map<Digest, Body>();
  /** For each origin: number → digest of the one that is offered. */
  readonly #numbers: Map<number, Digest>[];
  readonly #bytes: number[];
  readonly #next: number[];
  /** Block digest → its height and the digests of its bodies, oldest first. */
  readonly #pins = new Map<Digest, { readonly height: number; readonly certified: boolean; readonly digests: readonly Digest[] }>();
  #finalTime: number;

  constructor(next: readonly number[], finalTime: number, limits: BodyLimits) {
    this.#limits = limits;
    this.#next = [...next];
    this.#finalTime = finalTime;
    this.#numbers = next.map(() => new Map());
    this.#bytes = next.map(() => 0);
  }
  next(origin: number): number {
    return this.#next[origin] ?? 1;
  }
  find(digest: Digest): Body | undefined {
    return this.#bodies.get(digest);
  }
  /** The digest that is held for a number, if any. */
  at(origin: number, number: number): Digest | undefined {
    return this.#numbers[origin]?.get(number);
  }

  /** Whether a number of an origin is free; 'held' means yes. What can be said before a body is verified. */
  place(origin: number, number: number): 'held' | 'old' | 'early' | 'conflict' {
    const numbers = this.#numbers[origin];
    if (!numbers || number < this.next(origin)) return 'old';
    if (number >= this.next(origin) + this.#limits.window) return 'early';
    const other = this.#holder(origin, number);
    return other && other.expiresAt >= this.#finalTime ? 'conflict' : 'held';
  }

  /** Whether a verified body would be taken; 'held' means yes. Nothing changes. */
  verdict(ref: BatchRef): HoldVerdict {
    const place = this.place(ref.origin, ref.number);
    const other = this.#holder(ref.origin, ref.number);
    if (place !== 'old' && other?.digest === ref.digest) return 'duplicate';
    if (place !== 'held') return place;
    const freed = other?.bytes ?? 0;
    return (this.#bytes[ref.origin] ?? 0) - freed + ref.bytes > this.#limits.bytesPerOrigin ? 'full' : 'held';
  }

  /** Takes a body that was verified and appended to the log. */
  hold(body: Body): HoldVerdict {
    const verdict = this.verdict(body.ref);
    if (verdict !== 'held') return verdict;
    const { origin, number, digest, bytes } = body.ref;
    const numbers = this.#numbers[origin] as Map<number, Digest>;
    const expired = numbers.get(number);
    numbers.set(number, digest);
    this.#bytes[origin] = (this.#bytes[origin] ?? 0) + bytes;
    this.#bodies.set(digest, body);
    if (expired !== undefined) this.#unlist(origin, expired);
    return verdict;
  }

  /**
   * Keeps the bodies of a proposed or certified block until its height is over, beside the windows. Of proposed ones only
   * the newest few are kept, whatever a bad leader proposes; certified ones are bounded by whoever fetches them.
   */
  pin(block: Digest, height: number, bodies: readonly Body[], certified: boolean): void {
    for (const body of bodies) if (!this.#bodies.has(body.ref.digest)) this.#bodies.set(body.ref.digest, body);
    const before = this.#pins.get(block);
    this.#pins.delete(block);
    this.#pins.set(block, { height, certified: certified || before?.certified === true, digests: bodies.map((b) => b.ref.digest) });
    const proposed = [...this.#pins].filter(([, p]) => !p.certified);
    for (const [oldest] of proposed.slice(0, Math.max(0, proposed.length - this.#limits.pinnedBlocks))) this.#unpin(oldest);
  }

  /** For each origin, contiguous from its next number and not expired: what the engine may propose. */
  offer(maxPerOrigin: number): BatchRef[] {
    const refs: BatchRef[] = [];
    for (const [origin, numbers] of this.#numbers.entries()) {
      for (let n = this.next(origin), count = 0; count < maxPerOrigin; n++, count++) {
        const digest = numbers.get(n);
        const body = digest === undefined ? undefined : this.#bodies.get(digest);
        if (!body || body.ref.expiresAt < this.#finalTime) break;
        refs.push(body.ref);
      }
    }
    return refs;
  }

  /** A block was executed: its numbers are used, its bodies are over. */
  advance(height: number, refs: readonly BatchRef[], finalTime: number): void {
    this.#finalTime = finalTime;
    for (const ref of refs) {
      const numbers = this.#numbers[ref.origin];
      if (!numbers) continue;
      for (const [number, digest] of numbers) {
        if (number > ref.number) continue;
        numbers.delete(number);
        this.#unlist(ref.origin, digest);
      }
      this.#next[ref.origin] = Math.max(this.next(ref.origin), ref.number + 1);
    }
    for (const [block, pin] of [...this.#pins]) if (pin.height <= height) this.#unpin(block);
  }

  /** Everything that is kept: what the log must keep. */
  all(): Iterable<Body> {
    return this.#bodies.values();
  }
  get size(): number {
    return this.#bodies.size;
  }

  #holder(origin: number, number: number): BatchRef | undefined {
    const digest = this.at(origin, number);
    return digest === undefined ? undefined : this.#bodies.get(digest)?.ref;
  }
  #unlist(origin: number, digest: Digest): void {
    const body = this.#bodies.get(digest);
    if (!body) return;
    this.#bytes[origin] = (this.#bytes[origin] ?? 0) - body.ref.bytes;
    this.#forget(digest);
  }
  #unpin(block: Digest): void {
    const pin = this.#pins.get(block);
    this.#pins.delete(block);
    for (const digest of pin?.digests ?? []) this.#forget(digest);
  }
  /** Deletes what no window and no block holds. */
  #forget(digest: Digest): void {
    const body = this.#bodies.get(digest);
    if (!body || this.at(body.ref.origin, body.ref.number) === digest) return;
    for (const pinned of this.#pins.values()) if (pinned.digests.includes(digest)) return;
    this.#bodies.delete(digest);
  }
}
