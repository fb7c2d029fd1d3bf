/** Asks peers in turn for one thing until one has it and it passes the check (docs/protocol.md, "Fetching"). */
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, createBulkhead } from '@bursar/shared-core';
import { Assembly, MAX_BYTES, packRequest, type Want } from './fetch-pieces.ts';

export interface FetcherOptions {
  /** Request and reply with one peer. @throws when it does not answer in time */
  readonly ask: (peer: number, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;
  readonly self: number;
  readonly validators: number;
  readonly timeoutMs: number;
  /** Fetches under way at once, and waiting. */
  readonly atOnce: number;
  readonly waiting: number;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #limited: <T>(fn: () => Promise<T>) => Promise<T>;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#limited = createBulkhead('fetching from peers', options.atOnce, options.waiting);
  }

  /** Tries each of `from` once. @returns undefined when none has it */
  async seek<T>(
    want: Want,
    from: readonly number[],
    check: (bytes: Uint8Array) => Promise<T | undefined> | T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    for (const peer of new Set(from)) {
      signal.throwIfAborted();
      const found = peer === this.#options.self ? undefined : await this.ask(peer, want, check);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** One try with one peer. @returns undefined when it has it not or what it sent fails the check */
  async ask<T>(peer: number, want: Want, check: (bytes: Uint8Array) => Promise<T | undefined> | T | undefined): Promise<T | undefined> {
    const whole = await this.#limited(() => this.#whole(peer, want)).catch(() => undefined);
    return whole && (await check(whole));
  }

  /** Tries `from` first, then all others, round and round with growing waits, until found. @throws when aborted */
  async find<T>(
    want: Want,
    from: readonly number[],
    check: (bytes: Uint8Array) => Promise<T | undefined> | T | undefined,
    signal: AbortSignal,
    /** What came by itself meanwhile ends the search, too. */
    local: () => T | undefined = () => undefined,
  ): Promise<T> {
    const peers = this.peers(from);
    for (let round = 1; ; round++) {
      for (const peer of peers) {
        signal.throwIfAborted();
        const found = local() ?? (await this.ask(peer, want, check));
        signal.throwIfAborted();
        if (found !== undefined) return found;
      }
      await sleep(backoffMs(round, { baseMs: 50, capMs: 2_000 }), undefined, { signal });
    }
  }

  /** `first`, then all others; never this one. */
  peers(first: readonly number[]): number[] {
    const all = [...first, ...Array.from({ length: this.#options.validators }, (_, i) => i)];
    return [...new Set(all)].filter((p) => p !== this.#options.self && p < this.#options.validators);
  }

  async #whole(peer: number, want: Want): Promise<Uint8Array | undefined> {
    const assembly = new Assembly(MAX_BYTES[want.kind]);
    for (;;) {
      const answer = assembly.add(await this.#options.ask(peer, packRequest(want, assembly.offset), this.#options.timeoutMs));
      if (answer === 'missing') return undefined;
      if (answer !== 'more') return answer;
    }
  }
}
