/**
 * The outbox relay (B6): publishes one event for each final block, in order, from a durable cursor. The rows are the blocks
 * themselves, so an event can neither be lost nor exist without its block. A broker that is away only makes it late.
 */

import { create, toBinary } from '@bufbuild/protobuf';
import { block, decode, encode, header } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import type { OutboxCursor, Publish } from '../ports.ts';
import { countReceipts } from './results.ts';
import type { BlockStore } from './store.ts';
import type { StoredBlock } from './stored-block.ts';

export interface OutboxOptions {
  readonly validator: number;
  readonly store: Pick<BlockStore, 'reached' | 'read' | 'tip'>;
  readonly cursor: OutboxCursor;
  readonly publish: Publish;
  /** Calls until success or abort (shared-core's retryForever). */
  readonly untilDone: (attempt: () => Promise<void>, signal: AbortSignal) => Promise<void>;
  /** After each published height. */
  readonly onPublished: (height: number) => void;
}

/** The cursor is written after so many events and at the end: what a crash forgets is published again under the same ids. */
const SAVE_EVERY = 64;

/** Bytes of the event: storage/v1 BlockFinal. */
export function blockFinal(validator: number, height: number, stored: StoredBlock): Uint8Array {
  const payments = countReceipts(stored.results);
  return toBinary(
    storageEvents.BlockFinalSchema,
    create(storageEvents.BlockFinalSchema, {
      validator,
      height: BigInt(height),
      header: encode(header, decode(block, stored.block).header),
      certificate: stored.certificate,
      transactions: stored.results.length - payments,
      payments,
    }),
  );
}

/** Runs until `signal` aborts. One event is in flight at a time: a later one never overtakes an earlier. */
export async function relayOutbox(options: OutboxOptions, signal: AbortSignal): Promise<void> {
  const { validator, store, cursor, publish, untilDone, onPublished } = options;
  let published = Math.min(await cursor.load(), store.tip.height); // ahead of the log: the log was restored from a backup
  let saved = published;
  onPublished(published);
  try {
    while (await store.reached(published + 1, signal)) {
      const height = published + 1;
      const attempt = async () => {
        const stored = await store.read(height);
        await publish(blockFinal(validator, height, stored), height, stored.outbox);
      };
      await untilDone(attempt, signal);
      published = height;
      onPublished(published);
      const due = published - saved >= SAVE_EVERY;
      if (due) {
        await cursor.save(published);
        saved = published;
      }
      if (signal.aborted) break;
    }
  } catch (e) {
    if (!signal.aborted) throw e;
  } finally {
    if (published > saved) await cursor.save(published);
  }
}
