/** The messaging port over the `nats` client, version 2. Its types and words stay in this folder. */
import { connect, ErrorCode, Events, type Msg, type NatsConnection, NatsError, type Subscription } from 'nats';
import { withoutCredentials } from '../config-spec.ts';
import { type BursarError, coreError, messageOf, rejection } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { retryForever, withTimeout } from '../resilience.ts';
import type { Bus, BusHeaders, BusMessage, BusObserver, BusStatus, SubscribeOptions } from './bus.ts';
import { checkAnswer, checkSubject, deliverTo, errorHeaders, subscriptionOf, withTrace } from './delivery.ts';
import { createEventStream, type EventStream } from './jetstream.ts';
import { headersOf, toHeaders } from './nats-headers.ts';

export interface NatsOptions extends BusObserver {
  /** `nats://host:port`, with `token@` or `user:password@` before the host. Several, separated by commas, are one cluster. */
  readonly url: string;
  /** Name of the connection, as the server's monitoring shows it. */
  readonly name: string;
  /** How long the first connection is tried; default 10 s. Later ones are tried for ever. */
  readonly connectMs?: number;
  readonly signal?: AbortSignal;
  /** False: what this connection publishes does not come back to its own subscriptions. Default true. */
  readonly echo?: boolean;
}
export interface NatsBus extends Bus {
  /** JetStream on the same connection. */
  readonly events: EventStream;
}

/** One try to connect; a server that takes the connection and says nothing must not hold up the next try. */
const CONNECT_TRY_MS = 2_000;
/**
 * The third ping that is due without an answer to the first two ends a connection that only seems to be alive: 6 s. So long, too, what we
 * publish may pile up in memory when a server takes nothing; a connection that ends drops it.
 */
const PING_MS = 2_000;

/** @throws DependencyUnavailable (exit 69) when no server answers in time, Unauthenticated when it refuses us */
export async function connectNats(options: NatsOptions): Promise<NatsBus> {
  const { url, name, connectMs = 10_000, echo = true, signal } = options;
  const urls = url.split(',');
  const settings = {
    ...credentialsOf(urls[0] ?? ''),
    servers: urls.map(serverOf),
    name,
    noEcho: !echo,
    timeout: Math.min(connectMs, CONNECT_TRY_MS),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100, // what is published meanwhile is dropped, and votes are sent again every half second: soon back is all that counts
    reconnectJitter: 200,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true, // a server that is being reconfigured must not end us
    ...(urls.some((u) => u.startsWith('tls:')) ? { tls: {} } : {}),
  };
  const limit = AbortSignal.any([AbortSignal.timeout(connectMs), ...(signal ? [signal] : [])]);
  let last: unknown;
  try {
    const connection = await retryForever(
      () =>
        connect(settings).catch((error) => {
          last = error;
          throw error;
        }),
      { signal: limit, baseMs: 100, capMs: 1_000, retryIf: (error) => !isAuthError(error) },
    );
    return new NatsClientBus(connection, options);
  } catch (error) {
    const where = urls.map(withoutCredentials).join(', ');
    if (isAuthError(last))
      throw rejection('Unauthenticated', `the NATS server at ${where} refuses the credentials`, {
        remedy: 'Correct the token or the user in NATS_URL.',
        exitCode: EXIT.dependency,
        cause: last,
      });
    throw rejection('DependencyUnavailable', `no NATS server answers at ${where}: ${messageOf(last ?? error)}`, {
      remedy: 'Start nats-server or correct NATS_URL.',
      exitCode: EXIT.dependency,
      cause: error,
    });
  }
}

class NatsClientBus implements NatsBus {
  readonly events: EventStream;
  readonly #connection: NatsConnection;
  readonly #observer: BusObserver;
  readonly #stops = new Set<() => Promise<void>>();
  readonly #listeners = new Set<(status: BusStatus) => void>();
  #connected = true;
  #closed: Promise<void> | undefined;

  constructor(connection: NatsConnection, observer: BusObserver) {
    this.#connection = connection;
    this.#observer = observer;
    const { events, stop } = createEventStream(connection);
    this.events = events;
    this.#stops.add(stop);
    void this.#follow();
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  publish(subject: string, data: Uint8Array, headers?: BusHeaders): boolean {
    checkSubject(subject, false);
    this.#checkSize(data);
    if (!this.connected) {
      this.#observer.onDrop?.('disconnected');
      return false;
    }
    this.#connection.publish(subject, data, { headers: toHeaders(withTrace(headers)) });
    return true;
  }

  subscribe(subject: string, handler: (message: BusMessage) => unknown, options: SubscribeOptions) {
    return this.#listen(subject, ({ message }) => handler(message), options);
  }

  respond(subject: string, responder: (message: BusMessage) => Promise<Uint8Array> | Uint8Array, options: SubscribeOptions) {
    const answer = async ({ message, raw }: Arrived) => {
      try {
        const data = await responder(message);
        this.#checkSize(data);
        raw.respond(data);
      } catch (error) {
        raw.respond(new Uint8Array(0), { headers: toHeaders(errorHeaders(error)) });
        throw error;
      }
    };
    return this.#listen(subject, answer, options);
  }

  async request(
    subject: string,
    data: Uint8Array,
    { timeoutMs, headers }: { timeoutMs: number; headers?: BusHeaders },
  ): Promise<BusMessage> {
    checkSubject(subject, false);
    this.#checkSize(data);
    if (!this.connected) throw rejection('PeerUnreachable', `nobody answers ${subject}: there is no connection to NATS`);
    try {
      const raw = await this.#connection.request(subject, data, { timeout: timeoutMs, headers: toHeaders(withTrace(headers)) });
      return checkAnswer(fromNats(raw));
    } catch (error) {
      throw error instanceof NatsError ? requestError(subject, timeoutMs, error) : error;
    }
  }

  async flush(timeoutMs = 5_000): Promise<void> {
    await withTimeout('a flush to NATS', timeoutMs, () => this.#connection.flush()).catch((cause) => {
      throw rejection('PeerUnreachable', `NATS did not confirm in ${timeoutMs} ms`, { cause });
    });
  }

  async reconnect(timeoutMs = 5_000): Promise<void> {
    if (!this.connected) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = this.onStatus(({ kind }) => (kind === 'connected' || kind === 'closed') && resolve());
    try {
      await this.#connection.reconnect();
      await withTimeout('the connection to NATS', timeoutMs, () => promise);
    } catch (cause) {
      throw rejection('PeerUnreachable', `NATS was not there again in ${timeoutMs} ms`, { cause });
    } finally {
      leave();
    }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(handlersMs = 2_000): Promise<void> {
    this.#closed ??= (async () => {
      const handlers = Promise.all([...this.#stops].map((stop) => stop())).then(() => {});
      await withTimeout('the last handlers', handlersMs, () => handlers).catch(() => {});
      if (this.#connected) await this.flush(2_000).catch(() => {});
      await this.#connection.close().catch(() => {});
    })();
    return this.#closed;
  }

  #listen(subject: string, handler: (arrived: Arrived) => unknown, options: SubscribeOptions) {
    checkSubject(subject, true);
    const inner = deliverTo<BusMessage & { arrived: Arrived }>(({ arrived }) => handler(arrived), options, this.#observer);
    let subscription: Subscription | undefined = this.#connection.subscribe(subject, {
      ...(options.group ? { queue: options.group } : {}),
      callback: (error, raw) => {
        if (error) return this.#observer.onError?.(error, subject);
        const message = fromNats(raw);
        inner.push({ ...message, arrived: { message, raw } });
      },
    });
    const handle = subscriptionOf(inner as never, () => {
      this.#stops.delete(stop);
      if (!this.#connection.isClosed()) subscription?.unsubscribe();
      subscription = undefined;
    });
    const stop = () => handle.stop();
    this.#stops.add(stop);
    return handle;
  }

  #checkSize({ byteLength }: Uint8Array): void {
    const max = this.#connection.info?.max_payload ?? 1024 * 1024;
    // headers count, too; they are small
    if (byteLength > max - 8_192)
      throw rejection('MalformedMessage', `a message of ${byteLength} bytes exceeds the ${max} that the NATS server takes`, {
        remedy: 'Send it in chunks.',
      });
  }

  async #follow(): Promise<void> {
    void this.#connection.closed().then(() => {
      this.#connected = false;
      this.#tell({ kind: 'closed' });
    });
    for await (const { type, data } of this.#connection.status()) {
      if (type === Events.Disconnect) {
        this.#connected = false;
        this.#tell({ kind: 'disconnected' });
      } else if (type === Events.Reconnect) {
        this.#connected = true;
        this.#tell({ kind: 'connected' });
      } else if (type === 'reconnecting') this.#tell({ kind: 'reconnecting' });
      else if (type === Events.Error) this.#tell({ kind: 'error', error: data });
    }
  }

  #tell(status: BusStatus): void {
    for (const listener of this.#listeners) listener(status);
  }
}

interface Arrived {
  readonly message: BusMessage;
  readonly raw: Msg;
}

const fromNats = (raw: Msg): BusMessage => ({ subject: raw.subject, data: raw.data, headers: headersOf(raw.headers) });
const serverOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

function credentialsOf(url: string): { token?: string; user?: string; pass?: string } {
  if (!URL.canParse(url)) return {};
  const { username, password } = new URL(url);
  if (username === '') return {};
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}

const isAuthError = (error: unknown): boolean => error instanceof NatsError && (error.isAuthError() || error.isAuthTimeout());

function requestError(subject: string, timeoutMs: number, cause: NatsError): BursarError {
  if (cause.code === ErrorCode.NoResponders) return rejection('PeerUnreachable', `nobody answers ${subject}`, { cause });
  if (cause.code === ErrorCode.Timeout) return rejection('ProcessingTimeout', `${subject} did not answer in ${timeoutMs} ms`, { cause });
  if (cause.code === ErrorCode.ConnectionClosed || cause.code === ErrorCode.ConnectionDraining)
    return coreError('Cancelled', 'the connection to NATS was closed', { cause });
  return rejection('PeerUnreachable', `${subject}: ${cause.message}`, { cause });
}
