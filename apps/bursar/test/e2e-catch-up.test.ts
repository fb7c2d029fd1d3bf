import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NatsProxy, startNatsProxy } from '@bursar/chaos';
import { buildTransfer, signTransaction } from '@bursar/client';
import { formatGenesis, fromHex, parseGenesis, toHex } from '@bursar/protocol';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { serviceName } from '../src/devnet/services.ts';
import { nextNonce, type Session } from '../src/operations/session.ts';
import { clientKey, openNetwork, sessionOf, until } from './support/network.ts';
import { payee } from './support/payments.ts';
import { processesOf, scratch } from './support/program.ts';

const JOINER = 3;
const cell = (['storage', 'validator-set', 'consensus'] as const).map((app) => serviceName(JOINER, app));
/** Full ones come twenty in a piece: eight pieces of catch-up. */
const BLOCKS = 160;
const WIDE_MS = 180_000;
/** In a full block. */
const TRANSFERS = 20;
const MEMO = 'x'.repeat(1_000);
/** Added to what is asked of peers and to their answers: so long each piece takes at least, twice. */
const SLOW_MS = 150;

const at = scratch('catch-up');
const dir = at.path('net');
let net: Devnet;
let session: Session;
let proxy: NatsProxy;
beforeAll(async () => {
  const made = await openNetwork(dir);
  const { genesis } = parseGenesis(readFileSync(made.at.genesis, 'utf8'));
  const text = formatGenesis({ ...genesis, blockIntervalMs: 50 });
  writeFileSync(made.at.genesis, text);
  writeFileSync(made.at.network, JSON.stringify({ ...made.network, chain: parseGenesis(text).chain }));
  const others = await openNetwork(dir, {
    without: cell,
    natsUrl: async (validator, upstream) => {
      if (validator !== JOINER) return upstream;
      proxy = await startNatsProxy({ upstream, seed: 1 });
      return proxy.url;
    },
  });
  await others.startAll();
  await others.waitReady(120_000);
  net = await openNetwork(dir);
  session = sessionOf(net);
}, WIDE_MS);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  await proxy?.close();
  expect(processesOf(dir)).toEqual([]);
  at.remove();
}, 60_000);

const ledgerOf = (i: number) => {
  const validator = session.connection.validators[i];
  if (!validator) throw new RangeError(`there is no validator ${i}`);
  return validator.ledger;
};
/** Undefined: it does not answer. */
const statusOf = (i: number) =>
  ledgerOf(i)
    .getStatus({})
    .catch(() => undefined);
const height = async (i: number): Promise<number> => Number((await statusOf(i))?.height ?? 0);
/** Blocks as a storage serves them: headers with parents, roots and references. */
const blocksOf = (i: number) =>
  Promise.all(
    Array.from({ length: BLOCKS }, async (_, k) =>
      toHex((await ledgerOf(i).getBlock({ height: BigInt(k + 1) })).block?.block ?? new Uint8Array()),
    ),
  );

/** Blocks of the others, every second one full of transfers. */
async function fill(): Promise<void> {
  const key = clientKey(net);
  const { transactions } = session.connection.validators[0] as (typeof session.connection.validators)[number];
  for (let nonce = await nextNonce(session, key.publicKey); (await height(0)) < BLOCKS; nonce += BigInt(TRANSFERS)) {
    const author = { chain: session.chain, signer: key.publicKey };
    const txs = Array.from({ length: TRANSFERS }, (_, i) =>
      signTransaction(key, buildTransfer({ ...author, nonce: nonce + BigInt(i) }, payee, 1n, MEMO)),
    );
    await transactions.submitBatch({ transactions: txs.map(({ body, signature }) => ({ body, signature })) });
    await transactions.waitBatch({ transactionIds: txs.map((t) => fromHex(t.id)) }, { timeoutMs: WIDE_MS });
  }
}

async function expectWholeAgain(): Promise<void> {
  const others = await height(0);
  await until('the joiner has what the others had', async () => (await height(JOINER)) >= others);
  expect(await blocksOf(JOINER)).toEqual(await blocksOf(0));
  // Without one of the others there is no quorum but with the joiner.
  const other = serviceName(0, 'consensus');
  await net.kill(other, 'SIGKILL');
  const without = await height(1);
  await until('blocks that need the joiner’s votes', async () => (await height(1)) >= without + 3);
  await net.start(other);
}

describe('A validator that comes late, with an empty disk (K7)', () => {
  it(
    'fetches every block from the others and takes part again',
    async () => {
      await fill();
      for (const name of cell) await net.start(name);
      await expectWholeAgain();
    },
    WIDE_MS,
  );
});

describe('A validator whose storage lost its disk (K7)', () => {
  const [storage, , engine] = cell as [string, string, string];
  /** Who is killed, one time after the other. */
  const kills = [[engine], [storage, engine], [storage, engine], [storage]];
  /** Its height, as soon as its storage tells one above `than`. */
  async function heightAbove(than: number): Promise<number> {
    for (const deadline = Date.now() + WIDE_MS; Date.now() < deadline; await sleep(2)) {
      const now = await statusOf(JOINER);
      if (now && Number(now.height) > than) return Number(now.height);
    }
    throw new Error(`it does not come above ${than}`);
  }
  it(
    `and is killed with SIGKILL ${kills.length} times while it fetches, goes on with what it had made durable and is whole in the end`,
    async () => {
      for (const name of cell) await net.kill(name, 'SIGKILL');
      rmSync(net.at.data(JOINER, 'storage'), { recursive: true });
      proxy.set([{ subjects: ['bursar.*.consensus.v1.fetch.>'], delayMs: SLOW_MS }]);
      for (const name of cell) await net.start(name);
      let kept = 0;
      for (const names of kills) {
        const told = await heightAbove(kept);
        expect(told).toBeLessThan(BLOCKS);
        for (const name of names) await net.kill(name, 'SIGKILL');
        if (names.includes(storage)) await net.start(storage);
        kept = await heightAbove(-1);
        expect(kept).toBeGreaterThanOrEqual(told);
        if (names.includes(engine)) await net.start(engine);
      }
      proxy.set([]);
      await expectWholeAgain();
    },
    WIDE_MS,
  );
});

describe('A validator that loses storage and consensus log, and keeps what it has signed (K7, 8304)', () => {
  it(
    'fetches every block, says nothing where it may have forgotten how it voted, and takes part again',
    async () => {
      // Without one of the others every block needs Commits: the joiner's last signature is one, or is just before one.
      const other = serviceName(0, 'consensus');
      await net.kill(other, 'SIGKILL');
      const before = await height(1);
      await until('blocks by Commits', async () => (await height(1)) >= before + 10);
      for (const name of [...cell].reverse()) await net.kill(name, 'SIGKILL');
      for (const service of ['storage', 'consensus'] as const) rmSync(net.at.data(JOINER, service), { recursive: true });
      await net.start(other);
      for (const name of cell) await net.start(name);
      await expectWholeAgain();
    },
    WIDE_MS,
  );
});
