import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { transactions } from '../../libs/protocol/src/rpc.ts';
import { type Lane, openLane, runLoad } from '../bench/load.ts';

type Validator = Lane['validator'];
const { SubmitBatchRequestSchema } = transactions;
const transfer = (lane: number, nonce: number) => ({
  id: `${lane.toString(16).padStart(32, '0')}${nonce.toString(16).padStart(32, '0')}`,
  body: new Uint8Array([lane, nonce >> 8, nonce & 255]),
  signature: new Uint8Array(64),
});

/** Takes what comes, but refuses the rest of every third call, and breaks every seventh. */
function stubborn() {
  const taken = new Map<number, number[]>();
  let calls = 0;
  const validator = {
    transactions: {
      async submitBatch(request: transactions.SubmitBatchRequest) {
        const { transactions: given } = fromBinary(SubmitBatchRequestSchema, toBinary(SubmitBatchRequestSchema, request));
        calls++;
        if (calls % 7 === 0) throw new Error('the connection broke');
        return {
          outcomes: given.map(({ body: [lane = 0, high = 0, low = 0] }, i) => {
            if (calls % 3 === 0 && i >= 2) return { rejection: { name: 'QueueFull' } };
            taken.set(lane, [...(taken.get(lane) ?? []), high * 256 + low]);
            return {};
          }),
        };
      },
      waitBatch: async ({ transactionIds }: { transactionIds: readonly Uint8Array[] }) => ({ results: transactionIds.map(() => ({})) }),
    },
  } as unknown as Validator;
  return { validator, taken };
}

describe('the load of the bench', () => {
  it.each([
    ['without a rate, each lane waiting for its receipts', undefined],
    ['at a rate, whatever is refused', 3_000],
  ])('%s: every account’s transfers are taken in order, each once', async (_, rate) => {
    const { validator, taken } = stubborn();
    const sixtyThousand = (lane: number) => Array.from({ length: 60_000 }, (_, nonce) => transfer(lane, nonce));
    const lanes = [1, 2, 3].map((lane) => openLane(validator, sixtyThousand(lane)));
    const figures = await runLoad({ lanes, group: 5, warmSeconds: 0, seconds: 1, ...(rate === undefined ? {} : { rate }) });
    expect(figures.accepted).toBeGreaterThan(0);
    expect([...taken.keys()].sort()).toEqual([1, 2, 3]);
    for (const nonces of taken.values()) expect(nonces).toEqual(nonces.map((_, i) => i));
    expect([...figures.refused.keys()].sort()).toEqual(['INTERNAL', 'QueueFull']);
    if (rate === undefined) expect(figures.receipts[0]).toBeGreaterThan(0);
  });
});
