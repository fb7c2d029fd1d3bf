/**
 * Final blocks from several peers at once, handed to storage in order (K7). What peers say is only used to decide whom to ask; storage
 * checks every block, and whoever gave one that it refuses is not asked again.
 */
import type { Fetcher } from './fetcher.ts';
import { type FetchedFinal, unpackFinalBlocks } from './final-blocks.ts';

export interface CatchUpParts {
  readonly fetcher: Pick<Fetcher, 'ask' | 'avoid' | 'isAvoided'>;
  /** Storage takes these consecutive blocks. @returns false: it refused them, they are not what they say */
  readonly commit: (run: readonly FetchedFinal[]) => Promise<boolean>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly limits: CatchUpLimits;
}
export interface CatchUpLimits {
  /** Heights asked for at a time. */
  readonly heights: number;
  /** Heights above the next one to be committed that may be asked for. */
  readonly window: number;
  /** Bytes that may wait to be committed before more is asked for. */
  readonly bytes: number;
  /** Requests under way, to one peer and to all. */
  readonly perPeer: number;
  readonly atOnce: number;
  /** A peer that takes so many times as long as the fastest is given up, but not before `patienceMs`. */
  readonly slowFactor: number;
  readonly patienceMs: number;
  /** The time-out of whoever is asked though it failed lately, and of all while nobody's speed is known. */
  readonly timeoutMs: number;
  /** Failures after which a peer is asked no more in this run. */
  readonly failures: number;
  /** So long anything is asked for: whoever is ahead by then is among the peers of the next catch-up, whatever the peers of this one did. */
  readonly lastsMs: number;
}
interface Range {
  readonly from: number;
  readonly to: number;
}
interface Peer {
  readonly index: number;
  /** The height up to which it has blocks, as its last answer said; undefined before the first. */
  top: number | undefined;
  busy: number;
  failures: number;
  /** Milliseconds that an answer takes, smoothed; undefined before the first. */
  speedMs: number | undefined;
  /** What it would take for all that was asked for: a peer that gives little of it is slow, however soon it answers. */
  paceMs: number | undefined;
}
interface Arrived {
  readonly run: readonly FetchedFinal[];
  readonly peer: Peer;
  readonly bytes: number;
}

/** One catch-up: `run` resolves when no peer has more, none is left that may be asked, or it has lasted long enough. */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #peers: readonly Peer[];
  /** All of them say that they are final there. */
  readonly #first: number;
  /** To be asked, lowest first: what was given only in part, or failed. */
  #again: Range[] = [];
  /** From here on nothing was asked for. */
  #unasked: number;
  readonly #arrived = new Map<number, Arrived>();
  #bytes = 0;
  /** The height that is committed next. */
  #next: number;
  /** The end was looked for at this height. */
  #probed = 0;
  #busy = 0;
  #committing = false;
  readonly #untilMs: number;
  readonly #end = Promise.withResolvers<void>();

  /** @param from peers that say they are final at `height` */
  constructor(height: number, from: readonly number[], parts: CatchUpParts) {
    this.#parts = parts;
    this.#first = height;
    this.#next = height;
    this.#unasked = height;
    this.#peers = from.map((index) => ({ index, top: undefined, busy: 0, failures: 0, speedMs: undefined, paceMs: undefined }));
    this.#untilMs = parts.now() + parts.limits.lastsMs;
  }

  /** @throws what `commit` throws, and when aborted */
  async run(): Promise<void> {
    this.#pump();
    await this.#end.promise;
  }

  #pump(): void {
    const { signal, limits } = this.#parts;
    if (signal.aborted) {
      this.#end.reject(signal.reason);
      return;
    }
    while (this.#busy < limits.atOnce && !this.#isOver) {
      const range = this.#range();
      const peer = range && this.#peerFor(range.from);
      if (!range || !peer) break;
      if (this.#again[0] === range) this.#again.shift();
      else this.#unasked = range.to + 1;
      void this.#ask(range, peer);
    }
    if (this.#busy === 0 && !this.#committing) this.#finish();
  }

  /** Nobody is known to have more: the two fastest are asked once, as peers go on meanwhile. */
  #finish(): void {
    const usable = this.#good(this.#peers.filter((p) => this.#mayAsk(p)));
    if (this.#isOver || this.#probed === this.#next || usable.length === 0) {
      this.#end.resolve();
      return;
    }
    this.#probed = this.#next;
    const speed = (p: Peer) => p.speedMs ?? Number.POSITIVE_INFINITY;
    for (const peer of usable.toSorted((a, b) => speed(a) - speed(b)).slice(0, 2)) peer.top = Math.max(peer.top ?? 0, this.#next);
    this.#pump();
  }

  get #isOver(): boolean {
    return this.#parts.now() >= this.#untilMs;
  }

  /** The lowest that is wanted: whatever it is, the next height may always be asked for. */
  #range(): Range | undefined {
    const { heights, window, bytes } = this.#parts.limits;
    const range = this.#again[0] ?? { from: this.#unasked, to: this.#unasked + heights - 1 };
    if (range.from === this.#next) return range;
    return range.from < this.#next + window && this.#bytes < bytes ? range : undefined;
  }

  #mayAsk(peer: Peer): boolean {
    return peer.failures < this.#parts.limits.failures;
  }
  /** Without those that failed lately, unless there are no others. */
  #good(peers: readonly Peer[]): readonly Peer[] {
    const good = peers.filter((p) => !this.#parts.fetcher.isAvoided(p.index));
    return good.length > 0 ? good : peers;
  }
  /** The one that will probably have given all of it first. */
  #peerFor(height: number): Peer | undefined {
    const { limits } = this.#parts;
    const highest = Math.max(this.#first, ...this.#peers.map((p) => p.top ?? 0));
    const have = this.#peers.filter((p) => (p.top ?? highest) >= height && this.#mayAsk(p));
    const free = this.#good(have).filter((p) => p.busy < limits.perPeer);
    const wait = (p: Peer) => (p.paceMs ?? 0) * (p.busy + 1) + p.busy;
    return free.length === 0 ? undefined : free.reduce((best, p) => (wait(p) < wait(best) ? p : best));
  }

  #timeoutMs(peer: Peer): number {
    const { fetcher, limits } = this.#parts;
    const speeds = this.#peers.flatMap((p) => p.speedMs ?? []);
    if (speeds.length === 0 || fetcher.isAvoided(peer.index)) return limits.timeoutMs;
    return Math.min(limits.timeoutMs, Math.max(limits.patienceMs, Math.min(...speeds) * limits.slowFactor));
  }

  async #ask(range: Range, peer: Peer): Promise<void> {
    const { fetcher, now } = this.#parts;
    const { from, to } = range;
    this.#busy++;
    peer.busy++;
    const beganMs = now();
    const check = (bytes: Uint8Array) => unpackFinalBlocks(bytes, from, to);
    const found = await fetcher.ask(peer.index, { kind: 'final-blocks', from, to }, check, this.#timeoutMs(peer));
    this.#busy--;
    peer.busy--;
    if (found) {
      const tookMs = now() - beganMs;
      peer.speedMs = smoothed(peer.speedMs, tookMs);
      peer.paceMs = smoothed(peer.paceMs, (tookMs * (to - from + 1)) / found.blocks.length);
      const last = from + found.blocks.length - 1;
      peer.top = Math.max(last, found.newest);
      if (last < to) this.#askAgain({ from: last + 1, to });
      this.#keep(from, found.blocks, peer);
    } else {
      if (fetcher.isAvoided(peer.index)) peer.failures++;
      else peer.top = Math.min(peer.top ?? from, from - 1); // it has it not
      this.#askAgain(range);
    }
    this.#pump();
  }
  #askAgain(range: Range): void {
    this.#again = [...this.#again, range].sort((a, b) => a.from - b.from); // bounded by the window
  }

  #keep(from: number, run: readonly FetchedFinal[], peer: Peer): void {
    const bytes = run.reduce((sum, f) => f.batches.reduce((s, b) => s + b.length, sum + f.block.length + f.certificate.length), 0);
    this.#arrived.set(from, { run, peer, bytes });
    this.#bytes += bytes;
    if (!this.#committing) void this.#commitArrived();
  }

  async #commitArrived(): Promise<void> {
    this.#committing = true;
    try {
      for (let next = this.#take(this.#next); next; next = this.#take(this.#next)) {
        const { run, peer } = next;
        if (await this.#parts.commit(run)) this.#next += run.length;
        else this.#giveUp(peer, { from: this.#next, to: this.#next + run.length - 1 });
        this.#pump();
      }
    } catch (error) {
      this.#end.reject(error);
    }
    this.#committing = false;
    this.#pump();
  }
  #take(from: number): Arrived | undefined {
    const arrived = this.#arrived.get(from);
    this.#arrived.delete(from);
    this.#bytes -= arrived?.bytes ?? 0;
    return arrived;
  }

  /** It gave blocks that are not what they say: nothing of it is used. */
  #giveUp(peer: Peer, refused: Range): void {
    peer.failures = Number.POSITIVE_INFINITY;
    this.#parts.fetcher.avoid(peer.index);
    this.#askAgain(refused);
    for (const [from, arrived] of [...this.#arrived]) {
      if (arrived.peer !== peer) continue;
      this.#take(from);
      this.#askAgain({ from, to: from + arrived.run.length - 1 });
    }
  }
}

const smoothed = (before: number | undefined, now: number): number => (before === undefined ? now : 0.7 * before + 0.3 * now);
