import { ed25519, type Verifier } from '@bursar/crypto';
import { certificate, encode, toHex } from '@bursar/protocol';
import { coreError } from '@bursar/shared-core';
import { describe, expect, it, jest } from '@jest/globals';
import { client, type MadeBlock, TestChain, testKey } from './support/chain.ts';
import { openStore } from './support/store.ts';

const pay = (amount: bigint) => ({ kind: 'transfer', to: testKey('bob').id, amount, memo: '' }) as const;
const blocks = (chain: TestChain, count: number) => Array.from({ length: count }, () => chain.next([chain.entry(client, pay(1n))]));
const recertified = (chain: TestChain, made: MadeBlock, view: number): MadeBlock => ({
  ...made,
  raw: { ...made.raw, certificate: encode(certificate, chain.certify(made.height, view, made.hash, [1, 2, 3])) },
});
const spoiled = (made: MadeBlock): MadeBlock => ({
  ...made,
  raw: { ...made.raw, certificate: made.raw.certificate.map((b, i, all) => (i === all.length - 1 ? b ^ 1 : b)) },
});

/** Counts the signatures that are looked at. */
function counting(): { verifier: Verifier; readonly checked: () => number } {
  let checked = 0;
  const verifier: Verifier = {
    ...ed25519,
    verify(key, message, signature) {
      checked++;
      return ed25519.verify(key, message, signature);
    },
  };
  return { verifier, checked: () => checked };
}

describe('CommitRun (K7)', () => {
  it('executes all, with one fsync, and answers each with its roots', async () => {
    const chain = new TestChain();
    const run = blocks(chain, 20);
    const { store, log, finals, commitRun } = await openStore(chain);
    const answers = await commitRun(run);
    expect(answers.map(({ height, stateRoot, resultsRoot }) => ({ height, stateRoot, resultsRoot }))).toEqual(
      run.map(({ height, stateRoot, resultsRoot }) => ({ height, stateRoot, resultsRoot })),
    );
    expect([log.syncs, store.tip.height, store.ledger.account(testKey('bob').id)?.balance]).toEqual([1, 20, 20n]);
    expect(finals.map((f) => f.height)).toEqual(run.map((b) => b.height));
  });

  it('nothing of it is visible before it is durable', async () => {
    const chain = new TestChain();
    const { store, log, finals, commitRun } = await openStore(chain);
    const release = log.hold();
    const done = commitRun(blocks(chain, 3));
    await log.written(3);
    expect([store.tip.height, finals.length]).toEqual([0, 0]);
    release();
    await done;
    expect([store.tip.height, finals.length]).toEqual([3, 3]);
  });

  it('nor to a reader who asks in the same turn of the event loop in which the run came', async () => {
    const chain = new TestChain();
    const { store, log, commitRun } = await openStore(chain);
    const seen = async () => {
      await store.settled();
      return { height: store.tip.height, balance: store.ledger.account(testKey('bob').id)?.balance ?? 0n };
    };
    const release = log.hold();
    const done = commitRun(blocks(chain, 3));
    expect(await seen()).toEqual({ height: 0, balance: 0n });
    await log.written(3);
    const whileSyncing = seen();
    release();
    expect(await whileSyncing).toEqual({ height: 3, balance: 3n });
    await done;
  });

  it('a power cut in the middle leaves whole blocks; the same run again does the rest', async () => {
    const chain = new TestChain();
    const run = blocks(chain, 5);
    const before = await openStore(chain);
    before.log.hold();
    void before.commitRun(run);
    await before.log.written(5);
    const after = await openStore(chain, before.log.afterCrash(2));
    expect(after.store.tip.height).toBe(2);
    const answers = await after.commitRun(run);
    expect(answers.map((a) => a.stateRoot)).toEqual(run.map((b) => b.stateRoot));
    expect(after.log.records).toHaveLength(5);
  });

  it('signatures: those of the newest certificate, and of one that the next header does not name; no other', async () => {
    const chain = new TestChain();
    const named = blocks(chain, 6);
    const { verifier, checked } = counting();
    const { commitRun } = await openStore(chain, [], { verifier });
    await commitRun(named.slice(0, 3));
    expect(checked()).toBe(3);
    await commitRun([named[3] as MadeBlock, recertified(chain, named[4] as MadeBlock, 2), named[5] as MadeBlock]);
    expect(checked()).toBe(9);
  });

  const rows: [sentence: string, reason: string, change: (run: MadeBlock[], chain: TestChain) => MadeBlock[]][] = [
    ['the newest certificate has a wrong signature', 'INVALID_SIGNATURE', (run) => run.with(-1, spoiled(run.at(-1) as MadeBlock))],
    [
      'an older one, so that no header names it, has a wrong signature',
      'INVALID_SIGNATURE',
      (run) => run.with(1, spoiled(run[1] as MadeBlock)),
    ],
    ['a block is left out', 'MALFORMED_MESSAGE', (run) => run.toSpliced(2, 1)],
    ['two change places', 'MALFORMED_MESSAGE', (run) => run.with(1, run[2] as MadeBlock).with(2, run[1] as MadeBlock)],
    ['one comes twice', 'MALFORMED_MESSAGE', (run) => run.toSpliced(1, 0, run[1] as MadeBlock)],
    [
      'a body is that of another block',
      'MALFORMED_MESSAGE',
      ([first, ...rest]) => [
        { ...(first as MadeBlock), raw: { ...(first as MadeBlock).raw, batches: (rest[0] as MadeBlock).raw.batches } },
        ...rest,
      ],
    ],
    [
      'blocks of another chain lead to it',
      'MALFORMED_MESSAGE',
      (run, chain) => [...blocks(new TestChain('test'), 3), chain.next(), ...run].slice(0, 4),
    ],
    ['it begins further on', 'SEQUENCE_GAP', (run) => run.slice(1)],
  ];
  it.each(rows)('refused as a whole when %s', async (_, reason, change) => {
    const chain = new TestChain();
    const run = blocks(chain, 5);
    const { store, log, commitRun } = await openStore(chain);
    await expect(commitRun(change(run, chain))).rejects.toMatchObject({ reason });
    expect([store.tip.height, log.records.length]).toEqual([0, 0]);
    await commitRun(run);
    expect(store.tip.height).toBe(5);
  });

  it('blocks before the certified one that were forged under it are refused: their digests do not lead to it', async () => {
    const chain = new TestChain();
    const [first] = blocks(chain, 1);
    const forged = new TestChain().draft([], { tamper: { time: 1_700_000_005_000 } });
    const second = chain.next();
    const { commitRun } = await openStore(chain);
    await expect(commitRun([{ raw: forged.raw }, second])).rejects.toMatchObject({ reason: 'MALFORMED_MESSAGE' });
    await commitRun([first as MadeBlock, second]);
  });

  it('a certified run that contradicts this chain is a fork: storage stops', async () => {
    const chain = new TestChain();
    const other = new TestChain();
    const { commit, commitRun } = await openStore(chain);
    await commit(chain.next([chain.entry(client, pay(1n))]));
    other.next();
    await expect(commitRun([other.next(), other.next()])).rejects.toMatchObject({ halted: 'StateForkDetected' });
  });
});

describe.each([
  ['in memory', undefined],
  ['in the log', 0],
])('reading a run of blocks that are %s', (_, recentBytes) => {
  const chain = new TestChain();
  const run = blocks(chain, 10);
  const setUp = async () => {
    const opened = await openStore(chain, [], recentBytes === undefined ? {} : { recentBytes });
    await opened.commitRun(run);
    return opened.store;
  };
  const size = (made: MadeBlock) => [made.raw.block, made.raw.certificate, ...made.raw.batches].reduce((sum, b) => sum + b.length, 0);
  const three = run.slice(0, 3).reduce((sum, b) => sum + size(b), 0);
  it.each([
    ['all that are asked for', 2, 6, 1_000_000, 5],
    ['no more than there are', 8, 20, 1_000_000, 3],
    ['one, however little room there is', 3, 9, 1, 1],
  ])('gives %s', async (_, from, to, maxBytes, count) => {
    const found = await (await setUp()).readRun(from, to, maxBytes);
    expect(found.map((b) => toHex(b.block))).toEqual(run.slice(from - 1, from - 1 + count).map((b) => toHex(b.raw.block)));
  });
  it('gives as many as there is room for', async () => {
    const found = await (await setUp()).readRun(1, 10, three + 100);
    expect([1, 2]).toContain(found.length);
  });
  it('has nothing above the newest', async () => {
    await expect((await setUp()).readRun(11, 12, 1_000)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

it('many who ask for one block of the log at the same time cost one read of it, and the next who asks another', async () => {
  const chain = new TestChain();
  const { store, log, commitRun } = await openStore(chain, [], { recentBytes: 0 });
  const [first] = blocks(chain, 1) as [MadeBlock];
  await commitRun([first]);
  const read = jest.spyOn(log, 'read');
  const found = await Promise.all(Array.from({ length: 100 }, () => store.read(1)));
  expect(new Set(found.map((b) => toHex(b.block)))).toEqual(new Set([toHex(first.raw.block)]));
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRejectedValueOnce(new Error('damaged'));
  await expect(store.read(1)).rejects.toMatchObject({ halted: 'LogCorrupt' });
});

it('a disk that does not let itself be read (EIO, too many files open) is no damage: the reader is told, the next one is served', async () => {
  const chain = new TestChain();
  const { store, log, commitRun } = await openStore(chain, [], { recentBytes: 0 });
  const run = blocks(chain, 2);
  await commitRun(run);
  jest.spyOn(log, 'read').mockRejectedValueOnce(coreError('LogFailed', 'too many open files'));
  await expect(store.read(1)).rejects.toMatchObject({ reason: 'LOG_FAILED' });
  expect(toHex((await store.read(1)).block)).toBe(toHex((run[0] as MadeBlock).raw.block));
  await commitRun(blocks(chain, 1));
  expect(store.tip.height).toBe(3);
});
