/** validator-set over gRPC: this process computes the set itself and only makes sure that its cell agrees. */
import { toHex } from '@bursar/protocol';
import { validatorSet } from '@bursar/protocol/rpc';
import { createRpcClient, type Logger, retryForever, type Secret } from '@bursar/shared-core';

/** Hash of the set of an epoch; asks until it is answered. */
export async function fetchSetHash(
  address: string,
  epoch: number,
  { bearer, signal, log }: { readonly bearer: Secret | string; readonly signal: AbortSignal; readonly log: Logger },
): Promise<string> {
  const client = createRpcClient(validatorSet.ValidatorSet, address, { bearer, unaryMs: 5_000 });
  try {
    const answer = await retryForever(() => client.getEpoch({ epoch }, { signal }), {
      signal,
      baseMs: 100,
      capMs: 2_000,
      onRetry: (error, attempt) => log.warn({ err: error, attempt }, 'validator-set does not answer; trying again'),
    });
    return toHex(answer.hash);
  } finally {
    client.close();
  }
}
