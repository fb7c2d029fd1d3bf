/** bursar.storage.v1.Commits: the cell's own consensus hands final blocks in and fetches them for peers. */
import { fromHex } from '@bursar/protocol';
import type { commits } from '@bursar/protocol/rpc';
import { activeTraceparent, activeTracestate, type Handlers } from '@bursar/shared-core';
import type { BlockStore } from '../core/store.ts';

export function commitsHandlers(store: BlockStore): Handlers<(typeof commits.Commits)['method']> {
  return {
    async commit(request) {
      const context = { traceparent: activeTraceparent() ?? '', tracestate: activeTracestate() ?? '' };
      const { height, stateRoot, resultsRoot, transactionResults } = await store.commit(request, context);
      return {
        height: BigInt(height),
        stateRoot: fromHex(stateRoot),
        resultsRoot: fromHex(resultsRoot),
        transactionResults: [...transactionResults],
      };
    },
    async getFinalBlock({ height }) {
      const { block, certificate, batches } = await store.read(Number(height));
      return { block, certificate, batches };
    },
  };
}
