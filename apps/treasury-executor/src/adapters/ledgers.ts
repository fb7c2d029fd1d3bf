/** Reads over gRPC from several storages: whoever does not answer or is behind is passed over. */

import type { LeaseAt, LedgerReads, Outcome, ReadyCounts, ReadyPage } from '@bursar/executor';
import { type Digest, decode, fromHex, type Hex32, result, toHex } from '@bursar/protocol';
import { ledger } from '@bursar/protocol/rpc';
import { type BursarError, createRpcClient, errorFrom, type RpcClient } from '@bursar/shared-core';
import { behind } from '../errors.ts';

export type LedgerClient = RpcClient<(typeof ledger.Ledger)['method']>;
/** One storage may take so long before the next is asked, ms. */
const READ_MS = 3_000;
/** A stream lives so long, ms; then the next is opened, in case that it went silent. */
const WATCH_MS = 60_000;

export class Ledgers implements LedgerReads {
  readonly #clients: readonly LedgerClient[];
  readonly #shard: number;
  readonly #onRotate: () => void;
  #place = 0;
  /** What the stream of the preferred storage said last. */
  #told: LeaseAt | undefined;
  #isNews = false;

  /** @param onRotate another storage is preferred from now on */
  constructor(addresses: readonly string[], shard: number, onRotate: () => void = () => {}) {
    this.#clients = addresses.map((address) => createRpcClient(ledger.Ledger, address, { unaryMs: READ_MS }));
    this.#shard = shard;
    this.#onRotate = onRotate;
  }

  /** The storage that is asked first. */
  get preferred(): LedgerClient {
    return this.#clients[this.#place] as LedgerClient;
  }
  rotate(): void {
    this.#prefer((this.#place + 1) % this.#clients.length);
  }
  close(): void {
    for (const client of this.#clients) client.close();
  }

  /**
   * Follows the shard at the preferred storage. Yields with each of its answers, of which the newest is kept for `lease`; ends after
   * `WATCH_MS`, with the signal, or as the stream does. @throws BursarError
   */
  async *watch(signal: AbortSignal): AsyncGenerator<void> {
    try {
      const stream = this.preferred.watchShard({ shard: this.#shard }, { signal, timeoutMs: WATCH_MS });
      for await (const { lease, readyConsumer, readyIndustrial } of stream) {
        if (signal.aborted) return;
        if (!lease) continue;
        this.#told = leaseOf(lease, { consumer: readyConsumer, industrial: readyIndustrial });
        this.#isNews = true;
        yield;
      }
    } finally {
      this.#forget();
    }
  }

  /** What was told and not looked at yet costs no call. Who looks again asks: the stream may have gone silent. */
  async lease(atLeast: number): Promise<LeaseAt> {
    const news = this.#isNews ? this.#told : undefined;
    this.#isNews = false;
    if (news && news.height >= atLeast) return news;
    const asked = await this.#ask(atLeast, async (client) => leaseOf(await client.getLease({ shard: this.#shard }), undefined));
    return { ...asked, ready: asked.height === this.#told?.height ? this.#told.ready : undefined };
  }

  async nonce(account: Hex32, atLeast: number) {
    return this.#ask(atLeast, async (client) => {
      const { nextNonce, height } = await client.getAccount({ account: fromHex(account) });
      return { nonce: nextNonce, height: Number(height) };
    });
  }

  async ready(lane: string, limit: number, cursor: string, atLeast: number): Promise<ReadyPage> {
    return this.#ask(atLeast, async (client) => {
      const page = await client.listReady({ shard: this.#shard, lane, limit, cursor });
      const items = page.items.map(({ id, bodyHash, attempts, traceparent, after }) => ({
        id: toHex(id),
        bodyHash: toHex(bodyHash),
        attempts,
        traceparent,
        after: after.map(toHex),
      }));
      return { items, next: page.nextCursor, height: Number(page.height) };
    });
  }

  async outcome(id: Digest, atLeast: number): Promise<Outcome> {
    const { found } = await this.#ask(atLeast, async (client) => {
      const first = await this.#find(client, id);
      if (first.kind === 'final') return { found: first, height: atLeast }; // that stands, however far behind the storage is
      // The height, then another look: what is not there now was in no block up to it.
      const { height } = await client.getStatus({});
      return { found: await this.#find(client, id), height: Number(height) };
    });
    return found;
  }

  async #find(client: LedgerClient, id: Digest): Promise<Outcome> {
    try {
      const answer = await client.getTransaction({ transactionId: fromHex(id) });
      const decoded = decode(result, answer.result);
      if (decoded.kind !== 'transaction' || decoded.transaction !== id) return { kind: 'none' };
      if (!decoded.consumed) return { kind: 'refused', code: decoded.code, height: decoded.height };
      return { kind: 'final', result: decoded, provable: answer.provable };
    } catch (e) {
      if (errorFrom(e).reason === 'NOT_FOUND') return { kind: 'none' };
      throw e;
    }
  }

  /** @throws the last error when no storage answers from `atLeast` or above */
  async #ask<T extends { readonly height: number }>(atLeast: number, ask: (client: LedgerClient) => Promise<T>): Promise<T> {
    let last: BursarError | undefined;
    const first = this.#place;
    for (let turn = 0; turn < this.#clients.length; turn++) {
      const place = (first + turn) % this.#clients.length;
      try {
        const answer = await ask(this.#clients[place] as LedgerClient);
        if (answer.height < atLeast) {
          last ??= behind(answer.height, atLeast);
          continue;
        }
        this.#prefer(place);
        return answer;
      } catch (e) {
        last = errorFrom(e);
      }
    }
    throw last ?? behind(0, atLeast);
  }

  #prefer(place: number): void {
    if (place === this.#place) return;
    this.#place = place;
    this.#forget();
    this.#onRotate();
  }
  #forget(): void {
    this.#told = undefined;
    this.#isNews = false;
  }
}

function leaseOf(reply: ledger.GetLeaseResponse, ready: ReadyCounts | undefined): LeaseAt {
  const { holder, epoch, expiresAtMs, released, nextSeq, height, timeMs } = reply;
  return {
    holder: holder.length === 32 ? toHex(holder) : undefined,
    epoch,
    expiresAt: Number(expiresAtMs),
    released,
    nextSeq,
    height: Number(height),
    time: Number(timeMs),
    ready,
  };
}
