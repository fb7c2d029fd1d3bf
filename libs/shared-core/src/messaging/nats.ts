/** The messaging port over the `nats` client, version 2. Its types and words stay in this folder. */
import { ErrorCode, type Msg, type NatsConnection, NatsError, type Subscription } from 'nats';
import { type BursarError, coreError, messageOf, rejection } from '../errors.ts';
import { withTimeout } from '../resilience.ts';
import type { Bus, BusHeaders, BusMessage, BusObserver, BusStatus, SubscribeOptions } from './bus.ts';
import { checkAnswer, checkSubject, deliverTo, errorHeaders, subscriptionOf, withTrace } from './delivery.ts';
import { createEventStream, type EventStream } from './jetstream.ts';
import { type DialOptions, dialer, dialFirst } from './nats-dial.ts';
import { headersOf, toHeaders } from './nats-headers.ts';
import { NatsLink } from './nats-link.ts';

export interface NatsOptions extends BusObserver, DialOptions {}
export interface NatsBus extends Bus {
  /** JetStream on the same connection. */
  readonly events: EventStream;
}

/** Comes back for ever when the connection is lost. @throws DependencyUnavailable (exit 69) when no server answers in time, Unauthenticated when it refuses us */
export async function connectNats(options: NatsOptions): Promise<NatsBus> {
  const dial = dialer(options);
  return new NatsClientBus(new NatsLink(dial, await dialFirst(options, dial)), options);
}

class NatsClientBus implements NatsBus {
  readonly events: EventStream;
  readonly #link: NatsLink;
  readonly #observer: BusObserver;
  readonly #stops = new Set<() => Promise<void>>();
  #closed: Promise<void> | undefined;

  constructor(link: NatsLink, observer: BusObserver) {
    this.#link = link;
    this.#observer = observer;
    const { events, stop } = createEventStream(link);
    this.events = events;
    this.#stops.add(stop);
  }

  get connected(): boolean {
    return this.#link.current !== undefined && !this.#closed;
  }

  publish(subject: string, data: Uint8Array, headers?: BusHeaders): boolean {
    checkSubject(subject, false);
    const connection = this.#closed ? undefined : this.#link.current;
    if (!connection) {
      this.#observer.onDrop?.('disconnected');
      return false;
    }
    checkSize(data, connection);
    connection.publish(subject, data, { headers: toHeaders(withTrace(headers)) });
    return true;
  }

  subscribe(subject: string, handler: (message: BusMessage) => unknown, options: SubscribeOptions) {
    return this.#listen(subject, ({ message }) => handler(message), options);
  }

  respond(subject: string, responder: (message: BusMessage) => Promise<Uint8Array> | Uint8Array, options: SubscribeOptions) {
    const answer = async ({ message, reply }: Arrived) => {
      // By the connection in use: that which brought the question may be gone, and who asked may be there still.
      const say = (data: Uint8Array, headers?: BusHeaders) => {
        const connection = this.#link.current;
        if (!connection || !reply) return;
        checkSize(data, connection);
        connection.publish(reply, data, headers ? { headers: toHeaders(headers) } : undefined);
      };
      try {
        say(await responder(message));
      } catch (error) {
        say(new Uint8Array(0), errorHeaders(error));
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
    const connection = this.#closed ? undefined : this.#link.current;
    if (!connection) throw rejection('PeerUnreachable', `nobody answers ${subject}: there is no connection to NATS`);
    checkSize(data, connection);
    try {
      const raw = await connection.request(subject, data, { timeout: timeoutMs, headers: toHeaders(withTrace(headers)) });
      return checkAnswer(fromNats(raw));
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      if (this.#link.isClosed) throw coreError('Cancelled', 'the connection to NATS was closed', { cause: error });
      if (connection.isClosed()) throw rejection('PeerUnreachable', `${subject}: the connection to NATS is lost`, { cause: error });
      throw requestError(subject, timeoutMs, error);
    }
  }

  async flush(timeoutMs = 5_000): Promise<void> {
    const connection = this.#link.current;
    if (!connection) throw rejection('PeerUnreachable', 'there is no connection to NATS');
    const { promise: lost, reject } = Promise.withResolvers<never>(); // the client would tell nobody who waits for its server
    const stop = this.onStatus(({ kind }) => (kind === 'disconnected' || kind === 'closed') && reject(new Error('the connection is lost')));
    try {
      await withTimeout('a flush to NATS', timeoutMs, () => Promise.race([connection.flush(), lost]));
    } catch (cause) {
      throw rejection('PeerUnreachable', `NATS did not confirm: ${messageOf(cause)}`, { cause });
    } finally {
      stop();
    }
  }

  async reconnect(timeoutMs = 5_000): Promise<void> {
    if (this.connected) await this.#link.reconnect(timeoutMs);
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#link.onStatus(listener);
  }

  close(handlersMs = 2_000): Promise<void> {
    this.#closed ??= (async () => {
      const handlers = Promise.all([...this.#stops].map((stop) => stop())).then(() => {});
      await withTimeout('the last handlers', handlersMs, () => handlers).catch(() => {});
      await this.flush(2_000).catch(() => {});
      await this.#link.close();
    })();
    return this.#closed;
  }

  #listen(subject: string, handler: (arrived: Arrived) => unknown, options: SubscribeOptions) {
    checkSubject(subject, true);
    const inner = deliverTo<BusMessage & { arrived: Arrived }>(({ arrived }) => handler(arrived), options, this.#observer);
    let subscription: Subscription | undefined;
    const leave = this.#link.use((connection) => {
      subscription = connection.subscribe(subject, {
        ...(options.group ? { queue: options.group } : {}),
        callback: (error, raw) => {
          if (error) return this.#observer.onError?.(error, subject);
          const message = fromNats(raw);
          inner.push({ ...message, arrived: { message, reply: raw.reply } });
        },
      });
    });
    const handle = subscriptionOf(inner as never, () => {
      this.#stops.delete(stop);
      leave();
      subscription?.unsubscribe(); // nothing on a connection that is gone
    });
    const stop = () => handle.stop();
    this.#stops.add(stop);
    return handle;
  }
}

interface Arrived {
  readonly message: BusMessage;
  /** Where the answer goes. */
  readonly reply: string | undefined;
}

function checkSize({ byteLength }: Uint8Array, { info }: NatsConnection): void {
  const max = info?.max_payload ?? 1024 * 1024;
  // headers count, too; they are small
  if (byteLength > max - 8_192)
    throw rejection('MalformedMessage', `a message of ${byteLength} bytes exceeds the ${max} that the NATS server takes`, {
      remedy: 'Send it in chunks.',
    });
}

const fromNats = (raw: Msg): BusMessage => ({ subject: raw.subject, data: raw.data, headers: headersOf(raw.headers) });
function requestError(subject: string, timeoutMs: number, cause: NatsError): BursarError {
  if (cause.code === ErrorCode.NoResponders) return rejection('PeerUnreachable', `nobody answers ${subject}`, { cause });
  if (cause.code === ErrorCode.Timeout) return rejection('ProcessingTimeout', `${subject} did not answer in ${timeoutMs} ms`, { cause });
  return rejection('PeerUnreachable', `${subject}: ${cause.message}`, { cause });
}
