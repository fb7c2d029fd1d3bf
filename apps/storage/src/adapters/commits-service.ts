/** bursar.storage.v1.Commits: the cell's own consensus hands final blocks in and fetches them for peers. */
import { fromHex } from '@bursar/protocol';
import type { commits } from '@bursar/protocol/rpc';
import { activeTraceparent, activeTracestate, answerCalls, type Handlers, rejection } from '@bursar/shared-core';
import type { BlockStore, Committed } from '../core/store.ts';

export function commitsHandlers(store: BlockStore): Handlers<(typeof commits.Commits)['method']> {
  const context = () => ({ traceparent: activeTraceparent() ?? '', tracestate: activeTracestate() ?? '' });
  return {
    // In their order: a block is executed on top of the one before.
    commit: answerCalls({ name: 'bursar.storage.v1.Commits/Commit', most: 1 }, async ({ block }: commits.CommitRequest) => {
      if (!block) throw rejection('FieldInvalid', 'block is missing', { violations: [{ field: 'block', description: 'required' }] });
      return { executed: reply(await store.commit(block, context())) };
    }),
    commitRun: async ({ blocks }) => ({ blocks: (await store.commitRun(blocks, context())).map(reply) }),
    async getFinalBlocks({ fromHeight, toHeight, maxBytes }) {
      const blocks = await store.readRun(Number(fromHeight), Number(toHeight), maxBytes);
      return {
        blocks: blocks.map(({ block, certificate, batches }) => ({ block, certificate, batches })),
        newestHeight: BigInt(store.tip.height),
      };
    },
  };
}

const reply = ({ height, stateRoot, resultsRoot, transactionResults }: Committed) => ({
  height: BigInt(height),
  stateRoot: fromHex(stateRoot),
  resultsRoot: fromHex(resultsRoot),
  transactionResults: [...transactionResults],
});
