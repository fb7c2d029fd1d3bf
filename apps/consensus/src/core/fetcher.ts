/** Asks peers in turn for one thing until one has it and it passes the check (docs/protocol.md, "Messages on NATS"). */
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, createBulkhead, rejection } from '@bursar/shared-core';
import { Assembly, MAX_BYTES, packRequest, type Want } from './fetch-pieces.ts';

export interface FetcherOptions {
  /** Request and reply with one peer. @throws when it does not answer in time */
  readonly ask: (peer: number, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;
  readonly self: number;
  readonly validators: number;
  /** For one piece, and for all pieces of one thing. */
  readonly timeoutMs: number;
  readonly wholeMs: number;
  /** So long nobody else is asked; several round trips, and no more. */
  readonly patienceMs: number;
  /** So long a peer that did not answer, or answered nonsense, is asked last. */
  readonly avoidMs: number;
  /** Fetches under way at once, and waiting. */
  readonly atOnce: number;
  readonly waiting: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}
type Check<T> = (bytes: Uint8Array) => Promise<T | undefined> | T | undefined;

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #limited: <T>(fn: () => Promise<T>) => Promise<T>;
  /** For each validator, until when it is asked last. */
  readonly #avoidUntil: number[];

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#limited = createBulkhead('fetching from peers', options.atOnce, options.waiting);
    this.#avoidUntil = new Array(options.validators).fill(-Infinity);
  }

  /** Tries each of `from` once. @returns undefined when none has it */
  seek<T>(want: Want, from: readonly number[], check: Check<T>, signal: AbortSignal): Promise<T | undefined> {
    return this.#round(this.#inTurn(from), want, check, signal, () => undefined);
  }

  /** One after the other; who lets us wait is left to it while the next is asked, for a question or its answer may be lost. */
  async #round<T>(
    peers: readonly number[],
    want: Want,
    check: Check<T>,
    signal: AbortSignal,
    local: () => T | undefined,
  ): Promise<T | undefined> {
    const asked: Promise<T | undefined>[] = [];
    for (const [i, peer] of peers.entries()) {
      signal.throwIfAborted();
      const here = local();
      if (here !== undefined) return here;
      asked.push(this.ask(peer, want, check));
      const found = await firstFound(asked, i + 1 < peers.length ? this.#options.patienceMs : undefined);
      signal.throwIfAborted();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** One try with one peer. @returns undefined when it has it not or what it sent fails the check */
  async ask<T>(peer: number, want: Want, check: Check<T>, timeoutMs = this.#options.timeoutMs): Promise<T | undefined> {
    const whole = await this.#limited(() => this.#whole(peer, want, timeoutMs)).catch(() => undefined);
    if (whole === undefined) return undefined;
    const found = await check(whole);
    if (found === undefined) this.avoid(peer);
    return found;
  }

  /** Tries `from` first, then all others, round and round with growing waits, until found. @throws when aborted */
  async find<T>(
    want: Want,
    from: readonly number[],
    check: Check<T>,
    signal: AbortSignal,
    /** What came by itself meanwhile ends the search, too. */
    local: () => T | undefined = () => undefined,
  ): Promise<T> {
    for (let round = 1; ; round++) {
      const found = await this.#round(this.peers(from), want, check, signal, local);
      if (found !== undefined) return found;
      await sleep(backoffMs(round, { baseMs: 50, capMs: 2_000 }), undefined, { signal });
    }
  }

  /** `first`, then all others, and those that failed lately at the end; never this one. */
  peers(first: readonly number[]): number[] {
    return this.#inTurn([...first, ...this.#avoidUntil.keys()]);
  }

  #inTurn(peers: Iterable<number>): number[] {
    const { self, validators } = this.#options;
    const all = [...new Set(peers)].filter((p) => p !== self && p < validators);
    return [...all.filter((p) => !this.isAvoided(p)), ...all.filter((p) => this.isAvoided(p))];
  }
  isAvoided(peer: number): boolean {
    return this.#options.now() < (this.#avoidUntil[peer] as number);
  }
  /** What it answered turned out to be wrong: it is asked last for a while. */
  avoid(peer: number): void {
    this.#avoidUntil[peer] = this.#options.now() + this.#options.avoidMs;
  }

  /** All pieces from one peer, within the time for the whole; undefined when it has it not. @throws when it does not do its part */
  async #whole(peer: number, want: Want, timeoutMs: number): Promise<Uint8Array | undefined> {
    const { ask, wholeMs, now } = this.#options;
    const assembly = new Assembly(MAX_BYTES[want.kind]);
    const end = now() + wholeMs;
    try {
      for (;;) {
        const leftMs = end - now();
        if (leftMs <= 0) throw rejection('ProcessingTimeout', `validator ${peer} takes too long over a ${want.kind}`);
        const answer = assembly.add(await ask(peer, packRequest(want, assembly.offset), Math.min(timeoutMs, leftMs)));
        if (answer === 'missing') return undefined;
        if (answer === 'wrong') throw rejection('MalformedMessage', `validator ${peer} answered nonsense for a ${want.kind}`);
        if (answer !== 'more') return answer;
      }
    } catch (error) {
      this.avoid(peer);
      throw error;
    }
  }
}

/** The first that is something; undefined when all are nothing, or after `patienceMs`. */
function firstFound<T>(asked: readonly Promise<T | undefined>[], patienceMs: number | undefined): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const timer = patienceMs === undefined ? undefined : setTimeout(() => resolve(undefined), patienceMs);
  Promise.all(asked.map((a) => a.then((found) => found !== undefined && resolve(found)))).then(() => resolve(undefined), reject);
  return promise.finally(() => clearTimeout(timer));
}
