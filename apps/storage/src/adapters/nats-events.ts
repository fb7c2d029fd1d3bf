/** NATS for storage: the outbox's events go out by JetStream; those of others say how far the network is. */
import { fromBinary } from '@bufbuild/protobuf';
import type { Digest } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { type BusObserver, connectNats, contextFrom, type NatsBus, rejection, retryForever, withoutCredentials } from '@bursar/shared-core';
import { context } from '@opentelemetry/api';
import type { Publish } from '../ports.ts';

export interface NatsEventsOptions extends BusObserver {
  readonly url: string;
  readonly name: string;
  readonly chain: Digest;
  readonly validator: number;
  readonly signal: AbortSignal;
  /** A final block of another validator, as yet unchecked. */
  readonly onPeer: (height: number, header: Uint8Array, certificate: Uint8Array) => void;
  /** After each try to connect that failed; it goes on for ever. */
  readonly onDown: (error: unknown) => void;
}
export interface NatsEvents {
  readonly publish: Publish;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const STREAM_BYTES = 256 * 1024 * 1024;
/** Events of peers that may wait: an old one is worth nothing once a newer one is there. */
const QUEUE = 64;

export function natsEvents(options: NatsEventsOptions): NatsEvents {
  const { url, name, chain, validator, signal, onPeer, onDown } = options;
  const short = chain.slice(0, 16);
  const subject = (of: string): string => `bursar.${short}.storage.v1.block.final.${of}`;
  let bus: NatsBus | undefined;
  let ready: Promise<void> | undefined;

  // From the start, and not with the first event to publish: a storage that is behind has none, and must hear that it is behind.
  const listen = async (): Promise<void> => {
    const connected = await connectNats({ ...options, url, name, signal });
    connected.subscribe(subject('*'), ({ data }) => hear(data), { queueLimit: QUEUE });
    bus = connected;
  };
  const hear = (data: Uint8Array): void => {
    const event = fromBinary(storageEvents.BlockFinalSchema, data);
    if (event.validator !== validator) onPeer(Number(event.height), event.header, event.certificate);
  };
  const started = retryForever(listen, { signal, capMs: 2_000, onRetry: onDown }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  return {
    async publish(event, height, { traceparent, tracestate }) {
      if (!bus) throw rejection('DependencyUnavailable', `NATS at ${withoutCredentials(url)} does not answer yet`);
      const { events } = bus;
      try {
        ready ??= events.ensureStream(`BURSAR_${short}_BLOCKS`, [subject('*')], { maxBytes: STREAM_BYTES, maxAgeMs: HOUR_MS });
        await ready;
        const sent = contextFrom(traceparent || undefined, tracestate || undefined);
        await context.with(sent, () => events.publish(subject(String(validator)), event, { id: `${validator}-${height}` }));
      } catch (e) {
        ready = undefined; // the stream may be gone: the next try makes sure of it
        throw e;
      }
    },
    async close() {
      await started;
      await bus?.close();
    },
  };
}
