/** Events of new final blocks as hints to look at the ledger. Nobody believes them, and nothing depends on NATS. */
import type { Digest } from '@bursar/protocol';
import { connectNats, type NatsBus, retryForever } from '@bursar/shared-core';

export interface HintOptions {
  readonly url: string;
  readonly name: string;
  readonly chain: Digest;
  readonly signal: AbortSignal;
  readonly onHint: () => void;
  readonly onState: (connected: boolean, why: string) => void;
}

/** One hint is as good as many. */
const QUEUE = 1;

/** Connects in the background, as often as it takes. @returns the way to end it */
export function natsHints({ url, name, chain, signal, onHint, onState }: HintOptions): () => Promise<void> {
  let bus: NatsBus | undefined;
  const opened = retryForever(() => connectNats({ url, name, signal }), {
    signal,
    capMs: 5_000,
    onRetry: (e) => onState(false, e instanceof Error ? e.message : String(e)),
  }).then(
    (connected) => {
      bus = connected;
      bus.subscribe(`bursar.${chain.slice(0, 16)}.storage.v1.block.final.*`, onHint, { queueLimit: QUEUE });
      bus.onStatus(() => onState(connected.connected, connected.connected ? '' : 'the connection to NATS is lost'));
      onState(true, '');
    },
    () => {}, // only the stop ends it
  );
  return async () => {
    await opened;
    await bus?.close();
  };
}
