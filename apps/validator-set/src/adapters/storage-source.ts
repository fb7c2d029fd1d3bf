/** The cell's storage as the source of final blocks. */
import type { ledger } from '@bursar/protocol/rpc';
import type { RpcClient } from '@bursar/shared-core';
import type { BlockSource } from '../ports.ts';

/** A stream lives at most so long; then the follower opens the next one behind the last block it has. */
const STREAM_MS = 3_500_000;

export function storageSource(client: RpcClient<(typeof ledger.Ledger)['method']>): BlockSource {
  return {
    async height(signal) {
      const { height } = await client.getStatus({}, { signal, timeoutMs: 5_000 });
      return Number(height);
    },
    async *blocks(from, signal) {
      const stream = client.streamBlocks({ fromHeight: BigInt(from), follow: true, results: false }, { signal, timeoutMs: STREAM_MS });
      for await (const { block } of stream) {
        if (!block) continue;
        yield { height: Number(block.height), block: block.block, certificate: block.certificate };
      }
    },
  };
}
