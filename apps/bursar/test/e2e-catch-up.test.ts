import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { formatGenesis, parseGenesis, toHex } from '@bursar/protocol';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { layout } from '../src/devnet/layout.ts';
import { serviceName } from '../src/devnet/services.ts';
import type { Session } from '../src/operations/session.ts';
import { openNetwork, sessionOf, until } from './support/network.ts';
import { processesOf, scratch } from './support/program.ts';

const JOINER = 3;
const cell = (['storage', 'validator-set', 'consensus'] as const).map((app) => serviceName(JOINER, app));
/** More than two runs of catch-up. */
const BLOCKS = 300;
const WIDE_MS = 180_000;

const at = scratch('catch-up');
const dir = at.path('net');
let net: Devnet;
let session: Session;
beforeAll(async () => {
  const made = await openNetwork(dir);
  const { genesis } = parseGenesis(readFileSync(made.at.genesis, 'utf8'));
  const text = formatGenesis({ ...genesis, blockIntervalMs: 50 });
  writeFileSync(made.at.genesis, text);
  writeFileSync(made.at.network, JSON.stringify({ ...made.network, chain: parseGenesis(text).chain }));
  const others = await openNetwork(dir, { without: cell });
  await others.startAll();
  await others.waitReady(120_000);
  net = await openNetwork(dir);
  session = sessionOf(net);
}, WIDE_MS);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  expect(processesOf(dir)).toEqual([]);
  at.remove();
}, 60_000);

const ledgerOf = (i: number) => {
  const validator = session.connection.validators[i];
  if (!validator) throw new RangeError(`there is no validator ${i}`);
  return validator.ledger;
};
const height = async (i: number): Promise<number> => {
  const status = await ledgerOf(i)
    .getStatus({})
    .catch(() => undefined);
  return Number(status?.height ?? 0);
};
/** Blocks as a storage serves them: headers with parents, roots and references. */
const blocksOf = (i: number) =>
  Promise.all(
    Array.from({ length: BLOCKS }, async (_, k) =>
      toHex((await ledgerOf(i).getBlock({ height: BigInt(k + 1) })).block?.block ?? new Uint8Array()),
    ),
  );

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
      await until(`${BLOCKS} blocks of the others`, async () => (await height(0)) >= BLOCKS);
      for (const name of cell) await net.start(name);
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
      for (const service of ['storage', 'consensus'] as const) rmSync(layout(dir).data(JOINER, service), { recursive: true });
      await net.start(other);
      for (const name of cell) await net.start(name);
      await expectWholeAgain();
    },
    WIDE_MS,
  );
});
