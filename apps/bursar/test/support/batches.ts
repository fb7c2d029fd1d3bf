/** Listens to every batch on NATS: what has left its origin is on its way to a block. */
import { fromBinary } from '@bufbuild/protobuf';
import { batchCodec, batchDigest, type Digest, decode } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { connectNats } from '@bursar/shared-core';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { natsUrl } from '../../src/devnet/nats-server.ts';

export interface SentBatch {
  readonly origin: number;
  readonly number: number;
}
export interface BatchRecorder {
  /** By digest. */
  readonly sent: ReadonlyMap<Digest, SentBatch>;
  close(): Promise<void>;
}

export async function recordBatches(net: Devnet): Promise<BatchRecorder> {
  const bus = await connectNats({ url: natsUrl(net.at, net.network.natsPort), name: 'batch recorder' });
  const sent = new Map<Digest, SentBatch>();
  bus.subscribe(
    `bursar.${net.network.chain.slice(0, 16)}.consensus.v1.batch.*`,
    ({ data }) => {
      const { batch } = fromBinary(wire.BatchMessageSchema, data);
      const { origin, number } = decode(batchCodec, batch);
      sent.set(batchDigest(batch), { origin, number });
    },
    { queueLimit: 10_000 },
  );
  await bus.flush();
  return { sent, close: () => bus.close() };
}
