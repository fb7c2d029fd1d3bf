/** Wakes the executor with each new view of its shard. What is lost with a stream, the next one or the ledger says. */
import { backoffMs, messageOf } from '@bursar/shared-core';
import type { Ledgers } from './ledgers.ts';

export interface FollowOptions {
  readonly ledgers: Pick<Ledgers, 'watch'>;
  /** The shard is at a new final block; or the stream was lost, which is worth a look as well. */
  readonly onBlock: () => void;
  readonly onLost: (why: string) => void;
  /** Whether a stream delivers now: then nobody needs hints. */
  readonly onLive: (live: boolean) => void;
  /** Aborted when another storage is preferred: gives the signal for the next stream. */
  readonly untilRotated: () => AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Follows the preferred storage until the signal aborts. */
export async function followShard(
  { ledgers, onBlock, onLost, onLive, untilRotated, sleep }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const until = AbortSignal.any([signal, untilRotated()]);
    try {
      for await (const _ of ledgers.watch(until)) {
        failures = 0;
        onLive(true);
        onBlock();
      }
    } catch (e) {
      if (signal.aborted) return;
      if (!until.aborted) onLost(messageOf(e));
    }
    onLive(false);
    onBlock();
    failures += 1;
    if (!until.aborted) await sleep(backoffMs(failures, { capMs: 2_000 }), until);
  }
}
