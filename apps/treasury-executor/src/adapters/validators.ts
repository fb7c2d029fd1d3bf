/** Transactions.Submit of several validators; what is sent in one turn of the event loop goes in one call, in its order. */

import type { Signed, Submitter } from '@bursar/executor';
import { transactions } from '@bursar/protocol/rpc';
import { createRpcClient } from '@bursar/shared-core';

/** One validator may take so long to have transactions on its disk, ms. */
const SUBMIT_MS = 3_000;
/** SubmitBatch takes 1 MiB with everything around the bodies. */
const GROUP_BYTES = 960 * 1024;
const AROUND_BYTES = 128;

interface Waiting {
  readonly transaction: Signed;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Whoever sends bounds what waits: it is kept until its answer. */
export function validators(addresses: readonly string[]): Submitter & { close(): void } {
  const clients = addresses.map((address) => createRpcClient(transactions.Transactions, address, { unaryMs: SUBMIT_MS }));
  const waiting: Waiting[][] = clients.map(() => []);
  const client = (place: number) => clients[place] as (typeof clients)[number];

  const alone = async (place: number, { transaction, resolve, reject }: Waiting): Promise<void> => {
    const { body, signature } = transaction;
    await client(place).submit({ body, signature }).then(resolve, reject);
  };
  const together = async (place: number, group: readonly Waiting[]): Promise<void> => {
    const given = group.map(({ transaction: { body, signature } }) => ({ body, signature }));
    try {
      const { outcomes } = await client(place).submitBatch({ transactions: given });
      // What was refused is sent again alone, and is told why.
      for (const [i, one] of group.entries())
        if (outcomes[i] && !outcomes[i].rejection) one.resolve();
        else await alone(place, one);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  const flush = async (place: number): Promise<void> => {
    for (const group of grouped((waiting[place] ?? []).splice(0))) {
      const [first] = group;
      if (group.length === 1 && first) await alone(place, first);
      else await together(place, group);
    }
  };

  return {
    count: clients.length,
    submit: (place, transaction) =>
      new Promise<void>((resolve, reject) => {
        if (waiting[place]?.push({ transaction, resolve, reject }) === 1) setImmediate(() => void flush(place));
      }),
    close() {
      for (const c of clients) c.close();
    },
  };
}

function grouped(all: readonly Waiting[]): Waiting[][] {
  const groups: Waiting[][] = [];
  let bytes = GROUP_BYTES;
  for (const one of all) {
    const size = one.transaction.body.length + AROUND_BYTES;
    if (bytes + size > GROUP_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(one);
    bytes += size;
  }
  return groups;
}
