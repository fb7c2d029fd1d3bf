/** JetStream for what may be replayed: streams with limits, deduplicated publishing, durable consumers, dead letters (R7). */
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats';
import { messageOf, rejection } from '../errors.ts';
import { backoffMs, retryForever } from '../resilience.ts';
import type { BusHeaders, BusMessage } from './bus.ts';
import { inTrace, withTrace } from './delivery.ts';
import { headersOf, toHeaders } from './nats-headers.ts';
import type { NatsLink } from './nats-link.ts';

export interface StreamLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly maxMessages?: number;
  /** Window in which a message id is published once; default 2 min. */
  readonly duplicateWindowMs?: number;
}
export interface ConsumeOptions {
  readonly stream: string;
  /** Name under which the server remembers what was acknowledged. */
  readonly durable: string;
  /** Default: all subjects of the stream. */
  readonly subjects?: readonly string[];
  /** Tries before a message goes to the dead letters; default 5. */
  readonly maxDeliver?: number;
  /** How long a handler may take before the message is delivered again; default 30 s. */
  readonly ackWaitMs?: number;
  /** Unacknowledged messages at once; default 64. */
  readonly maxPending?: number;
  /** Subject of the dead letters; a stream of its own must hold it. */
  readonly deadLetterSubject: string;
  readonly span?: boolean;
  readonly onError?: (error: unknown, message: StreamMessage) => void;
}
export interface StreamMessage extends BusMessage {
  readonly sequence: number;
  /** 1 for the first delivery. */
  readonly delivery: number;
}
export interface StreamConsumer {
  /** No new messages; resolves when the handler that runs is done. */
  stop(): Promise<void>;
}
export interface EventStream {
  /** Creates the stream or brings its limits up to date. */
  ensureStream(name: string, subjects: readonly string[], limits: StreamLimits): Promise<void>;
  /** Resolves with the server's acknowledgement, which proves no durability (docs/protocol.md, "Messages on NATS"). @param id Nats-Msg-Id */
  publish(
    subject: string,
    data: Uint8Array,
    options: { readonly id: string; readonly headers?: BusHeaders; readonly timeoutMs?: number },
  ): Promise<{ sequence: number; duplicate: boolean }>;
  /**
   * One message at a time; acknowledged when the handler resolves, delivered again when it throws. In the order of the stream
   * as long as nothing is delivered twice: handlers are idempotent, and with maxPending 1 a failing message holds up the rest.
   */
  consume(options: ConsumeOptions, handler: (message: StreamMessage) => Promise<void> | void): Promise<StreamConsumer>;
  /** Sends up to `limit` dead letters back to where they came from. @returns how many */
  redrive(deadLetterStream: string, limit: number): Promise<number>;
}

/** Headers that a dead letter has beside the original ones. */
export const DEAD_LETTER = {
  subject: 'Bursar-Dead-Subject',
  stream: 'Bursar-Dead-Stream',
  sequence: 'Bursar-Dead-Sequence',
  deliveries: 'Bursar-Dead-Deliveries',
  reason: 'Bursar-Dead-Reason',
  messageId: 'Bursar-Dead-Msg-Id',
} as const;
const ID = 'Nats-Msg-Id';
const TIMEOUT = { timeout: 5_000 };

/** The port, and what ends all its consumers when the connection closes. */
export function createEventStream(link: NatsLink): { readonly events: EventStream; stop(): Promise<void> } {
  const consumers = new Set<StreamConsumer>();
  const connection = (): NatsConnection => {
    const { current } = link;
    if (!current) throw rejection('PeerUnreachable', 'there is no connection to NATS');
    return current;
  };
  const manager = async (): Promise<JetStreamManager> => {
    const current = connection();
    return current.jetstreamManager(TIMEOUT).catch((cause) => {
      throw rejection('DependencyUnavailable', `JetStream does not answer: ${messageOf(cause)}`, {
        remedy: 'Start nats-server with -js and a storage folder.',
        cause,
      });
    });
  };

  const publish: EventStream['publish'] = async (subject, data, { id, headers, timeoutMs = 5_000 }) => {
    const client = connection().jetstream(TIMEOUT);
    try {
      const ack = await client.publish(subject, data, { msgID: id, timeout: timeoutMs, headers: toHeaders(withTrace(headers)) });
      return { sequence: ack.seq, duplicate: ack.duplicate };
    } catch (cause) {
      throw rejection('PeerUnreachable', `JetStream did not take ${subject}: ${messageOf(cause)}`, { cause });
    }
  };

  const events: EventStream = {
    publish,
    async ensureStream(name, subjects, { maxBytes, maxAgeMs, maxMessages = -1, duplicateWindowMs = 120_000 }) {
      const config = {
        subjects: [...subjects],
        max_bytes: maxBytes,
        max_age: nanos(maxAgeMs),
        max_msgs: maxMessages,
        duplicate_window: nanos(Math.min(duplicateWindowMs, maxAgeMs)),
        discard: DiscardPolicy.Old,
      };
      const jsm = await manager();
      try {
        await jsm.streams.add({ name, retention: RetentionPolicy.Limits, storage: StorageType.File, ...config });
      } catch (error) {
        if (!(error instanceof NatsError) || error.api_error?.err_code !== 10_058) throw streamError(name, error); // 10058: exists with another configuration
        await jsm.streams.update(name, config).catch((e) => Promise.reject(streamError(name, e)));
      }
    },
    async consume(options, handler) {
      const { stream, durable, subjects, ackWaitMs = 30_000, maxPending = 64 } = options;
      const jsm = await manager();
      const filter =
        subjects?.length === 1 ? { filter_subject: subjects[0] as string } : subjects ? { filter_subjects: [...subjects] } : {};
      try {
        await jsm.consumers.add(stream, {
          durable_name: durable,
          ack_policy: AckPolicy.Explicit,
          deliver_policy: DeliverPolicy.All,
          ack_wait: nanos(ackWaitMs),
          max_ack_pending: maxPending,
          max_deliver: -1, // counted here: the server would just stop delivering, and nobody would know
          ...filter,
        });
      } catch (error) {
        throw streamError(stream, error);
      }
      const consumer = await run(link, options, handler, publish);
      const tracked = { stop: () => consumer.stop().finally(() => consumers.delete(tracked)) };
      consumers.add(tracked);
      return tracked;
    },
    async redrive(deadLetterStream, limit) {
      const jsm = await manager();
      const { state } = await jsm.streams.info(deadLetterStream);
      let done = 0;
      for (let seq = state.first_seq; seq <= state.last_seq && done < limit; seq++) {
        const dead = await jsm.streams.getMessage(deadLetterStream, { seq }).catch(() => undefined); // deleted ones leave gaps
        const headers = headersOf(dead?.header);
        const subject = headers[DEAD_LETTER.subject];
        if (!dead || !subject) continue;
        const original = Object.fromEntries(
          Object.entries(headers).filter(([key]) => key !== ID && !Object.values<string>(DEAD_LETTER).includes(key)),
        );
        // Another id, else the stream would drop it as a duplicate of the one that failed.
        await publish(subject, dead.data, { id: `${headers[DEAD_LETTER.messageId]}/redrive/${seq}`, headers: original });
        await jsm.streams.deleteMessage(deadLetterStream, seq, false);
        done++;
      }
      return done;
    },
  };
  return { events, stop: async () => void (await Promise.all([...consumers].map((c) => c.stop()))) };
}

/** With what the client's type leaves out: where the acknowledgement goes. */
type Delivered = JsMsg & { readonly reply: string };

async function run(
  link: NatsLink,
  options: ConsumeOptions,
  handler: (message: StreamMessage) => Promise<void> | void,
  publish: EventStream['publish'],
): Promise<StreamConsumer> {
  const { stream, durable, maxDeliver = 5, maxPending = 64, onError, span = false } = options;
  const waiting: Delivered[] = []; // bounded: the server sends no more than maxPending without an acknowledgement, and none waits twice
  let working: Promise<void> | undefined;
  let stopping = false;
  // By the connection in use: that which brought the message may be gone. Without any, the server delivers the message again.
  const answer = ({ reply }: Delivered, word: string): void => link.current?.publish(reply, word);
  const nak = (raw: Delivered, delayMs: number): void => answer(raw, `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  const one = async (raw: Delivered): Promise<void> => {
    const message = {
      subject: raw.subject,
      data: raw.data,
      headers: headersOf(raw.headers),
      sequence: raw.seq,
      delivery: raw.info.redeliveryCount,
    };
    try {
      // A handler that kills its process never throws: such a message is known by its count alone.
      if (message.delivery > maxDeliver) throw rejection('ProcessingTimeout', `delivered ${message.delivery} times without an answer`);
      await inTrace(message, span, () => handler(message));
      answer(raw, '+ACK');
    } catch (error) {
      onError?.(error, message);
      if (message.delivery < maxDeliver) return nak(raw, backoffMs(message.delivery));
      await bury(message, error, options, publish).then(
        () => answer(raw, '+ACK'),
        () => nak(raw, 1_000), // dead letters cannot be written now: the message stays
      );
    }
  };
  const work = async (): Promise<void> => {
    for (let raw = waiting[0]; raw && !stopping; raw = waiting[0]) {
      waiting.shift();
      await one(raw);
    }
    working = undefined;
  };
  let messages: ConsumerMessages | undefined;
  const listen = async (connection: NatsConnection): Promise<void> => {
    const consumer = await connection.jetstream(TIMEOUT).consumers.get(stream, durable);
    messages = await consumer.consume({
      max_messages: Math.min(maxPending, 256),
      callback(delivered) {
        const raw = delivered as Delivered;
        const place = raw.redelivered ? waiting.findIndex(({ seq }) => seq === raw.seq) : -1;
        if (place < 0) waiting.push(raw);
        else waiting[place] = raw;
        working ??= work();
      },
    });
    if (stopping) await messages.close();
  };
  const ending = new AbortController();
  const first = link.current;
  if (first) await listen(first);
  const leave = link.use((connection) => {
    if (connection === first) return;
    void messages?.close(); // its timer does not end with its connection
    // A server that has just started may not have its streams yet.
    const retryIf = () => link.current === connection;
    void retryForever(() => listen(connection), { capMs: 1_000, signal: ending.signal, retryIf }).catch(() => {});
  });
  return {
    async stop() {
      stopping = true;
      ending.abort();
      leave();
      await messages?.close();
      await working;
      // Given back after the subscription has ended, else they would come to it again; without this, only after ackWaitMs.
      for (const raw of waiting.splice(0)) answer(raw, '-NAK');
    },
  };
}

async function bury(
  { subject, data, headers, sequence, delivery }: StreamMessage,
  error: unknown,
  { stream, deadLetterSubject }: ConsumeOptions,
  publish: EventStream['publish'],
): Promise<void> {
  const { [ID]: messageId = `${stream}/${sequence}`, ...original } = headers;
  const why = {
    [DEAD_LETTER.subject]: subject,
    [DEAD_LETTER.stream]: stream,
    [DEAD_LETTER.sequence]: String(sequence),
    [DEAD_LETTER.deliveries]: String(delivery),
    [DEAD_LETTER.reason]: messageOf(error)
      .replace(/[\r\n]+/g, ' ')
      .slice(0, 512),
    [DEAD_LETTER.messageId]: messageId,
  };
  await publish(deadLetterSubject, data, { id: `dead/${stream}/${sequence}`, headers: { ...original, ...why } });
}

const streamError = (name: string, cause: unknown) =>
  rejection('DependencyUnavailable', `the stream ${name} cannot be set up: ${messageOf(cause)}`, { cause });
