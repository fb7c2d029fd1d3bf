/**
 * One connection to NATS after another, each by a client of its own. The client's own reconnection is not used: a try of its that timed
 * out lives on, and when the server ends that later, the client connects anew beside the connection in use. Both then feed one parser,
 * which loses its place, and nothing is heard until the pings fail; under load that happens again and again (decision 0017).
 */
import { DebugEvents, Events, type NatsConnection } from 'nats';
import { rejection } from '../errors.ts';
import { retryForever, withTimeout } from '../resilience.ts';
import type { BusStatus } from './bus.ts';
import type { Dial } from './nats-dial.ts';

/** What is published meanwhile is dropped, and votes are sent again every half second: soon back is all that counts. */
const AGAIN = { baseMs: 100, factor: 1.5, capMs: 200, jitter: 0.5 };

export class NatsLink {
  readonly #dial: Dial;
  readonly #ending = new AbortController();
  readonly #users = new Set<(connection: NatsConnection) => void>();
  readonly #listeners = new Set<(status: BusStatus) => void>();
  #current: NatsConnection | undefined;

  constructor(dial: Dial, first: NatsConnection) {
    this.#dial = dial;
    this.#take(first);
  }

  /** Undefined while there is none. */
  get current(): NatsConnection | undefined {
    return this.#current?.isClosed() ? undefined : this.#current;
  }
  get isClosed(): boolean {
    return this.#ending.signal.aborted;
  }

  /** `user` gets the connection in use and each later one. @returns the way to end that */
  use(user: (connection: NatsConnection) => void): () => void {
    this.#users.add(user);
    const { current } = this;
    if (current) user(current);
    return () => this.#users.delete(user);
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws PeerUnreachable when there is no other connection after `timeoutMs` */
  async reconnect(timeoutMs: number): Promise<void> {
    const { current } = this;
    if (!current) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.onStatus(({ kind }) => (kind === 'connected' || kind === 'closed') && resolve());
    try {
      this.#leave(current);
      await withTimeout('the connection to NATS', timeoutMs, () => promise);
    } catch (cause) {
      throw rejection('PeerUnreachable', `NATS was not there again in ${timeoutMs} ms`, { cause });
    } finally {
      stop();
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.#ending.abort();
    await this.#current?.close().catch(() => {});
    this.#tell({ kind: 'closed' });
  }

  #take(connection: NatsConnection): void {
    this.#current = connection;
    for (const user of this.#users) user(connection);
    void connection.closed().then(() => this.#leave(connection));
    void this.#watch(connection);
  }

  /** Once for each connection. */
  #leave(connection: NatsConnection): void {
    if (this.#current !== connection || this.isClosed) return;
    this.#current = undefined;
    void connection.close().catch(() => {});
    this.#tell({ kind: 'disconnected' });
    void this.#again();
  }

  async #again(): Promise<void> {
    const once = () => {
      this.#tell({ kind: 'reconnecting' });
      return this.#dial();
    };
    const next = await retryForever(once, { ...AGAIN, signal: this.#ending.signal }).catch(() => undefined); // only the end ends it
    if (this.isClosed) return void (await next?.close());
    if (!next) return;
    this.#take(next);
    this.#tell({ kind: 'connected' });
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      // Not left to the client, which would wait until a server that takes nothing has taken the rest.
      if (type === DebugEvents.StaleConnection) this.#leave(connection);
      else if (type === Events.Error) this.#tell({ kind: 'error', error: data });
    }
  }

  #tell(status: BusStatus): void {
    for (const listener of this.#listeners) listener(status);
  }
}
