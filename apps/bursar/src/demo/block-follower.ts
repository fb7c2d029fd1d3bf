/** Follows final blocks from whichever storage answers, and notes when each payment's receipt became provable here. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ValidatorClient } from '@bursar/client';
import { type Digest, decode, result } from '@bursar/protocol';

export interface SeenReceipt {
  readonly disbursement: Digest;
  readonly amount: bigint;
  readonly height: number;
  /** Ledger time of the block, ms. */
  readonly time: number;
  /** Our clock when the block after it was final, from `performance.now()`: from then on the receipt is provable. */
  readonly provableMs: number;
}
export interface BlockFollower {
  readonly receipts: ReadonlyMap<Digest, SeenReceipt>;
  readonly height: number;
  stop(): Promise<void>;
}

/** Follows from `fromHeight` on until stopped. */
export function followBlocks({ validators }: Connection, fromHeight: number): BlockFollower {
  const stop = new AbortController();
  const receipts = new Map<Digest, SeenReceipt>();
  let waiting: Omit<SeenReceipt, 'provableMs'>[] = [];
  let height = fromHeight - 1;
  const take = (at: number, results: readonly Uint8Array[]): void => {
    const provableMs = performance.now();
    for (const r of waiting) receipts.set(r.disbursement, { ...r, provableMs });
    waiting = [];
    height = at;
    for (const bytes of results) {
      const r = decode(result, bytes);
      if (r.kind !== 'payment') continue;
      const { disbursement, amount, time } = r;
      waiting.push({ disbursement, amount, height: r.height, time });
    }
  };
  const run = async (): Promise<void> => {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const { ledger } = validators[turn % validators.length] as ValidatorClient;
      try {
        const request = { fromHeight: BigInt(height + 1), follow: true, results: true };
        for await (const { block, results } of ledger.streamBlocks(request, { signal: stop.signal }))
          if (block && Number(block.height) === height + 1) take(Number(block.height), results);
      } catch {
        // that storage went away: the next one goes on from the same height
      }
      if (!stop.signal.aborted) await sleep(50);
    }
  };
  const running = run();
  return {
    receipts,
    get height() {
      return height;
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
