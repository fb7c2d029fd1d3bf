/** The messaging port (A4): what services know of NATS. Lossy, doubling, reordering: a message may never arrive, or twice. */
import type { Metrics } from '../metrics.ts';

export type BusHeaders = Readonly<Record<string, string>>;
export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: BusHeaders;
}
export interface SubscribeOptions {
  /** Messages that may wait for the handler; beyond it the oldest is dropped and counted. */
  readonly queueLimit: number;
  /** Members of a group share the messages. */
  readonly group?: string;
  /** Handlers at once; default 1: in order of arrival. */
  readonly concurrency?: number;
  /** Gives each message a consumer span; else the sender's trace is only made current. */
  readonly span?: boolean;
}
export interface BusSubscription {
  readonly pending: number;
  /** Messages dropped so far because the queue was full. */
  readonly dropped: number;
  /** No new messages; resolves when running handlers are done. */
  stop(): Promise<void>;
}
/** A handler that throws is reported to `onError`; the message is gone. */
export type BusHandler = (message: BusMessage) => unknown;
/** What it returns is the answer; what it throws reaches the asker as a BursarError. */
export type BusResponder = (message: BusMessage) => Promise<Uint8Array> | Uint8Array;
export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: BusHeaders;
}
export type BusStatus =
  | { readonly kind: 'connected' | 'disconnected' | 'reconnecting' | 'closed' }
  | { readonly kind: 'error'; readonly error: unknown };

export interface Bus {
  readonly connected: boolean;
  /**
   * Sends without waiting. False when there is no connection: the message is dropped and counted, nothing is buffered.
   * The active trace context travels in the headers. @throws FieldInvalid for a bad subject, MalformedMessage when too large
   */
  publish(subject: string, data: Uint8Array, headers?: BusHeaders): boolean;
  subscribe(subject: string, handler: BusHandler, options: SubscribeOptions): BusSubscription;
  /** @throws PeerUnreachable when nobody answers the subject, ProcessingTimeout, or the responder's own error */
  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage>;
  respond(subject: string, responder: BusResponder, options: SubscribeOptions): BusSubscription;
  /** Resolves when the server has taken everything published so far. @throws PeerUnreachable after `timeoutMs` (default 5 s) */
  flush(timeoutMs?: number): Promise<void>;
  /**
   * Leaves the server and connects again, perhaps to another one of the cluster; subscriptions go on. Does nothing while there is no
   * connection: it comes back by itself. @throws PeerUnreachable when it is not back after `timeoutMs` (default 5 s)
   */
  reconnect(timeoutMs?: number): Promise<void>;
  /** Returns the way to unsubscribe. */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /** Stops subscriptions, gives running handlers `handlersMs` (default 2 s), flushes, disconnects. Never throws. */
  close(handlersMs?: number): Promise<void>;
}

export interface BusObserver {
  readonly onDrop?: (reason: 'queue_full' | 'disconnected') => void;
  /** What a handler threw. */
  readonly onError?: (error: unknown, subject: string) => void;
}

/** Counts drops: `bus_messages_dropped_total{reason}`. */
export function dropCounter(metrics: Metrics): NonNullable<BusObserver['onDrop']> {
  const dropped = metrics.counter('bus_messages_dropped_total', 'messages that were not sent or not handled', {
    reason: ['queue_full', 'disconnected'],
  });
  return (reason) => dropped.inc({ reason });
}
