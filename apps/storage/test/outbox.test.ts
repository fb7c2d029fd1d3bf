import { fromBinary } from '@bufbuild/protobuf';
import { decode, header, headerDigest } from '@bursar/protocol';
import { storageEvents } from '@bursar/protocol/rpc';
import { coreError } from '@bursar/shared-core';
import { describe, expect, it, jest } from '@jest/globals';
import { relayOutbox } from '../src/core/outbox.ts';
import type { BlockStore } from '../src/core/store.ts';
import type { OutboxCursor, Publish } from '../src/ports.ts';
import { TestChain } from './support/chain.ts';
import { payroll } from './support/payroll.ts';
import { openStore } from './support/store.ts';

class MemoryCursor implements OutboxCursor {
  saved = 0;
  async load() {
    return this.saved;
  }
  async save(height: number) {
    this.saved = height;
  }
}

async function relay(cursor = new MemoryCursor(), failures = 0, spoil: (store: BlockStore) => void = () => {}) {
  const chain = new TestChain();
  const { blocks } = payroll(chain);
  const { store, log } = await openStore(chain);
  for (const [i, { raw }] of blocks.entries()) await store.commit(raw, { traceparent: `trace-${i + 1}`, tracestate: 'a=b' });
  spoil(store);
  const stop = new AbortController();
  const sent: { height: number; event: Uint8Array; traceparent: string }[] = [];
  let left = failures;
  const publish: Publish = async (event, height, { traceparent }) => {
    if (left-- > 0) throw new Error('no broker');
    sent.push({ height, event, traceparent });
    if (height === blocks.length) stop.abort();
  };
  const untilDone = async (attempt: () => Promise<void>) => {
    for (let done = false; !done; )
      done = await attempt().then(
        () => true,
        () => false,
      );
  };
  await relayOutbox({ validator: 2, store, cursor, publish, untilDone, onPublished: () => {} }, stop.signal);
  return { blocks, sent, cursor, store, log };
}

describe('The outbox', () => {
  it('publishes each block once, in order, with the trace of its commit, and remembers how far', async () => {
    const { blocks, sent, cursor } = await relay();
    expect(sent.map((s) => s.height)).toEqual(blocks.map((b) => b.height));
    expect(sent.map((s) => s.traceparent)).toEqual(blocks.map((_, i) => `trace-${i + 1}`));
    expect(cursor.saved).toBe(6);
    const event = fromBinary(storageEvents.BlockFinalSchema, sent[4]?.event ?? new Uint8Array());
    expect(event).toMatchObject({ validator: 2, height: 5n, transactions: 1, payments: 4 });
    expect(headerDigest(decode(header, event.header))).toBe(blocks[4]?.hash);
  });

  it('tries again for ever, in the same order', async () => {
    const { sent } = await relay(new MemoryCursor(), 25);
    expect(sent.map((s) => s.height)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('a block that the disk does not give is read again', async () => {
    const { sent } = await relay(new MemoryCursor(), 0, (store) => {
      jest.spyOn(store, 'read').mockRejectedValueOnce(coreError('LogFailed', 'input/output error'));
    });
    expect(sent.map((s) => s.height)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('goes on behind its cursor', async () => {
    const cursor = new MemoryCursor();
    cursor.saved = 4;
    expect((await relay(cursor)).sent.map((s) => s.height)).toEqual([5, 6]);
  });

  it('falls back to the end of the log when the cursor is ahead of it', async () => {
    const chain = new TestChain();
    const { store } = await openStore(chain);
    const first = chain.next();
    const cursor = new MemoryCursor();
    cursor.saved = 50;
    const stop = new AbortController();
    const heights: number[] = [];
    const publish: Publish = async (_, height) => {
      heights.push(height);
      stop.abort();
    };
    const running = relayOutbox(
      { validator: 0, store, cursor, publish, untilDone: (attempt) => attempt(), onPublished: () => {} },
      stop.signal,
    );
    await store.commit(first.raw, { traceparent: '', tracestate: '' });
    await running;
    expect(heights).toEqual([1]);
  });

  it('keeps the trace context through a restart', async () => {
    const { store, log } = await relay();
    expect((await store.read(3)).outbox).toEqual({ traceparent: 'trace-3', tracestate: 'a=b' });
    expect((await openStore(new TestChain(), log.afterCrash())).store.tip.height).toBe(6);
  });
});
