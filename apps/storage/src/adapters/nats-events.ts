/** NATS for storage: the outbox's events go out by JetStream; those of others say how far the network is. */
import { fromBinary } from '@bufbuild/protobuf';
import type { Digest } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { type BusObserver, connectNats, contextFrom, type NatsBus } from '@bursar/shared-core';
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
  const { url, name, chain, validator, signal, onPeer } = options;
  const short = chain.slice(0, 16);
  const subject = (of: string): string => `bursar.${short}.storage.v1.block.final.${of}`;
  let bus: NatsBus | undefined;
  let ready: Promise<NatsBus> | undefined;

  const open = async (): Promise<NatsBus> => {
    if (!bus) {
      bus = await connectNats({ ...options, url, name, signal });
      bus.subscribe(subject('*'), ({ data }) => hear(data), { queueLimit: QUEUE });
    }
    await bus.events.ensureStream(`BURSAR_${short}_BLOCKS`, [subject('*')], { maxBytes: STREAM_BYTES, maxAgeMs: HOUR_MS });
    return bus;
  };
  const hear = (data: Uint8Array): void => {
    const event = fromBinary(storageEvents.BlockFinalSchema, data);
    if (event.validator !== validator) onPeer(Number(event.height), event.header, event.certificate);
  };
  return {
    async publish(event, height, { traceparent, tracestate }) {
      ready ??= open();
      try {
        const { events } = await ready;
        const sent = contextFrom(traceparent || undefined, tracestate || undefined);
        await context.with(sent, () => events.publish(subject(String(validator)), event, { id: `${validator}-${height}` }));
      } catch (e) {
        ready = undefined; // the stream may be gone: the next try makes sure of it
        throw e;
      }
    },
    close: async () => bus?.close(),
  };
}
