import type { Signed } from '@bursar/executor';
import { fromHex, transactionId } from '@bursar/protocol';
import { transactions } from '@bursar/protocol/rpc';
import { createRpcServer, errorFrom, type Handlers, rejection } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { validators } from '../src/adapters/validators.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const signed = (n: number, bytes = 100): Signed => {
  const body = new Uint8Array(bytes).fill(n);
  return { id: transactionId(body), body, signature: new Uint8Array(64) };
};

/** A validator that notes what comes in which call and refuses the given ids. */
async function validator(refused: ReadonlySet<string> = new Set()) {
  const calls: string[][] = [];
  const take = (body: Uint8Array): string => {
    const id = transactionId(body);
    if (refused.has(id)) throw rejection('QueueFull');
    return id;
  };
  const handlers: Partial<Handlers<(typeof transactions.Transactions)['method']>> = {
    async submit({ body }) {
      calls.push([transactionId(body)]);
      return { transactionId: fromHex(take(body)) };
    },
    async submitBatch({ transactions: given }) {
      calls.push(given.map((t) => transactionId(t.body)));
      const outcomes = given.map(({ body }) => {
        const id = transactionId(body);
        return { transactionId: fromHex(id), ...(refused.has(id) ? { rejection: { code: 5001, name: 'X' } } : {}) };
      });
      return { outcomes };
    },
  };
  const server = createRpcServer();
  server.add(transactions.Transactions, handlers as never, 'public');
  const port = await server.listen('127.0.0.1', 0);
  closing.push(() => server.stop(100));
  const submitter = validators([`127.0.0.1:${port}`]);
  closing.push(() => submitter.close());
  return { submitter, calls };
}

describe('Validators', () => {
  it('takes what is sent in one turn in one call, in its order', async () => {
    const { submitter, calls } = await validator();
    const all = [signed(1), signed(2), signed(3)];
    await Promise.all(all.map((t) => submitter.submit(0, t)));
    await submitter.submit(0, signed(4));
    expect(calls).toEqual([all.map((t) => t.id), [signed(4).id]]);
  });

  it('never asks for more bytes than a call may hold', async () => {
    const { submitter, calls } = await validator();
    const all = [1, 2, 3, 4, 5].map((n) => signed(n, 250_000));
    await Promise.all(all.map((t) => submitter.submit(0, t)));
    expect(calls.map((c) => c.length)).toEqual([3, 2]);
    expect(calls.flat()).toEqual(all.map((t) => t.id));
  });

  it('tells whoever was refused why, and the others that they were taken', async () => {
    const { submitter, calls } = await validator(new Set([signed(2).id]));
    const all = [signed(1), signed(2), signed(3)];
    const told = await Promise.all(
      all.map((t) =>
        submitter.submit(0, t).then(
          () => 'taken',
          (e) => errorFrom(e).reason,
        ),
      ),
    );
    expect(told).toEqual(['taken', rejection('QueueFull').reason, 'taken']);
    expect(calls).toHaveLength(2);
  });

  it('fails each of them when the validator is away', async () => {
    const submitter = validators(['127.0.0.1:1']);
    closing.push(() => submitter.close());
    const told = await Promise.allSettled([submitter.submit(0, signed(1)), submitter.submit(0, signed(2))]);
    expect(told.map((t) => t.status)).toEqual(['rejected', 'rejected']);
  });
});
