import { block, decode, encode, header, headerDigest } from '@bursar/protocol';
import { ledger } from '@bursar/protocol/rpc';
import { createRpcServer, errorFrom, type Handlers } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Connection, connect, type ValidatorClient } from '../src/connection.ts';
import { readAccount } from '../src/read-account.ts';
import { certified, facts, genesis, payee } from './support/proven-payment.ts';

const open: { stop(deadlineMs?: number): Promise<void> }[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const c of connections.splice(0)) c.close();
  await Promise.all(open.splice(0).map((s) => s.stop(100)));
});

/** A final block of that height, really signed. */
function finalBlock(height: number) {
  const f = facts();
  const { header: head, certificate } = certified({ ...f, header: { ...f.header, height }, certificate: { ...f.certificate, height } }, [
    f.receipt,
  ]);
  return { height: BigInt(height), block: encode(block, { header: decode(header, head), batches: [] }), certificate };
}
const blocks = new Map([8, 9, 10, 11].map((h) => [h, finalBlock(h)]));

/** The account after each height: its balance is ten times the height. */
interface Storage {
  /** Its height at each question, the last one for ever; undefined: it is down. */
  readonly heights: readonly number[] | undefined;
  /** A liar's balance. */
  readonly balance?: bigint;
  /** A liar's newest block, which nobody certified. */
  readonly claims?: bigint;
}
async function network(...storages: readonly Storage[]): Promise<Connection> {
  const addresses = await Promise.all(
    storages.map(async ({ heights, balance, claims }) => {
      const server = createRpcServer();
      let asked = 0;
      const height = () => BigInt(heights?.[Math.min(asked, heights.length - 1)] ?? 0);
      const handlers = {
        getStatus: async () => ({ height: claims ?? height() }),
        getBlock: async ({ height: at }: { height: bigint }) => ({
          block:
            claims === undefined
              ? blocks.get(Number(at))
              : { ...blocks.get(11), certificate: blocks.get(9)?.certificate ?? new Uint8Array() },
        }),
        getAccount: async () => {
          const at = height();
          asked++;
          return { balance: balance ?? at * 10n, nextNonce: 0n, height: claims ?? at };
        },
      };
      if (heights) server.add(ledger.Ledger, handlers as unknown as Handlers<(typeof ledger.Ledger)['method']>, 'public');
      const address = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
      open.push(server);
      return { consensus: address, storage: address };
    }),
  );
  const connection = connect(addresses);
  connections.push(connection);
  return connection;
}
const at = (...heights: number[]): Storage => ({ heights });
const DOWN: Storage = { heights: undefined };
const reading = async (timeoutMs: number, storages: readonly Storage[]) =>
  readAccount(await network(...storages), genesis, payee, { timeoutMs }).then(
    ({ height, balance }) => [height, balance],
    (e) => errorFrom(e).reason,
  );

describe('readAccount', () => {
  it.each<[string, Storage[], [number, bigint] | string]>([
    ['everybody is at one height', [at(9), at(9), at(9), at(9)], [9, 90n]],
    ['one is down', [at(9), DOWN, at(9), at(9)], [9, 90n]],
    [
      'one is ahead: the others are waited for, as what it has may have been shown to somebody',
      [at(9, 9, 10), at(10), at(9, 10), DOWN],
      [10, 100n],
    ],
    ['one lies about the balance', [{ ...at(9), balance: 1n }, at(9), at(9), at(9)], [9, 90n]],
    ['one claims a height that is not there', [{ ...at(9), claims: 99n, balance: 1n }, at(9), at(9), at(9)], [9, 90n]],
    ['one is behind for ever', [at(8), at(10), at(10), at(10)], [10, 100n]],
    ['two have a height and nobody else: a reader after us might not see it', [at(10), at(10), at(9), at(9)], 'PROCESSING_TIMEOUT'],
    ['two are down', [at(9), DOWN, DOWN, at(9)], 'PROCESSING_TIMEOUT'],
  ])('%s', async (_, storages, expected) => {
    expect(await reading(typeof expected === 'string' ? 500 : 30_000, storages)).toEqual(expected);
  });
  it('one that never answers holds up nothing', async () => {
    const others = await network(at(9), at(9), at(9));
    const [first] = others.validators as [ValidatorClient];
    const silent = { ...first, ledger: { ...first.ledger, getStatus: () => new Promise<never>(() => {}) } };
    const connection = { ...others, validators: [silent, ...others.validators] };
    expect(await readAccount(connection, genesis, payee)).toMatchObject({ height: 9, balance: 90n });
  });
  it('a caller that leaves is not kept', async () => {
    const leave = new AbortController();
    const reading = readAccount(await network(DOWN, DOWN, DOWN, DOWN), genesis, payee, { signal: leave.signal });
    leave.abort(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
  });
  it('the blocks of this test are what they say', () => {
    for (const [height, b] of blocks) expect(decode(block, b.block).header.height).toBe(height);
    expect(new Set([...blocks.values()].map((b) => headerDigest(decode(block, b.block).header))).size).toBe(4);
  });
});
