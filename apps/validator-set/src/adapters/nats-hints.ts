/** Events of the storage of the cell: a reason to look there at once. Never believed otherwise. */
import { fromBinary } from '@bufbuild/protobuf';
import type { Digest } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { type BusObserver, connectNats, type NatsBus, retryForever } from '@bursar/shared-core';

export interface NatsHintsOptions extends BusObserver {
  readonly url: string;
  readonly name: string;
  readonly chain: Digest;
  readonly validator: number;
  readonly signal: AbortSignal;
  readonly onBlock: (height: number, header: Uint8Array, certificate: Uint8Array) => void;
  readonly onUp: () => void;
  readonly onDown: (error: unknown) => void;
}

const QUEUE = 64;

/** Listens as soon as NATS answers; tries for ever. @returns what ends it. */
export function natsHints(options: NatsHintsOptions): () => Promise<void> {
  const { url, name, chain, validator, signal, onBlock, onUp, onDown } = options;
  let bus: NatsBus | undefined;
  const listen = async (): Promise<void> => {
    await bus?.close(); // of a try that came half way
    bus = await connectNats({ ...options, url, name, signal });
    bus.subscribe(
      `bursar.${chain.slice(0, 16)}.storage.v1.block.final.${validator}`,
      ({ data }) => {
        const { height, header, certificate } = fromBinary(storageEvents.BlockFinalSchema, data);
        onBlock(Number(height), header, certificate);
      },
      { queueLimit: QUEUE },
    );
    await bus.flush(); // the subscription is with the server
    onUp();
  };
  const started = retryForever(listen, { signal, capMs: 2_000, onRetry: onDown }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  return async () => {
    await started;
    await bus?.close();
  };
}
