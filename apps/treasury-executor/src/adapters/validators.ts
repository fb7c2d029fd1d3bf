/** Transactions.Submit of several validators. */

import type { Submitter } from '@bursar/executor';
import { transactions } from '@bursar/protocol/rpc';
import { createRpcClient } from '@bursar/shared-core';

/** One validator may take so long to have a transaction on its disk, ms. */
const SUBMIT_MS = 3_000;

export function validators(addresses: readonly string[]): Submitter & { close(): void } {
  const clients = addresses.map((address) => createRpcClient(transactions.Transactions, address, { unaryMs: SUBMIT_MS }));
  return {
    count: clients.length,
    async submit(place, { body, signature }) {
      await clients[place]?.submit({ body, signature });
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
