/** What each validator says of its own height and leader, and where its memory stands. */
import { consensus } from '../../libs/protocol/src/rpc.ts';
import { createRpcClient } from '../../libs/shared-core/src/index.ts';
import type { BenchNetwork } from './network.ts';

const CALL_MS = 2_000;

export const openStatus = ({ net }: Pick<BenchNetwork, 'net'>) =>
  net.network.validators.map((v) => createRpcClient(consensus.Consensus, `127.0.0.1:${v.consensus.grpc}`, { unaryMs: CALL_MS }));
