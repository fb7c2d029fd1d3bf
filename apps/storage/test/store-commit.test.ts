import { block, certificate, decode, encode } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { client, TestChain, testKey } from './support/chain.ts';
import { Halted, openStore } from './support/store.ts';

const pay = (amount: bigint) => ({ kind: 'transfer', to: testKey('bob').id, amount, memo: '' }) as const;

describe('Commit', () => {
  it('executes a block and answers the roots that the next header will bear', async () => {
    const chain = new TestChain();
    const { store, commit } = await openStore(chain);
    const first = chain.next([chain.entry(client, pay(5n))]);
    const answer = await commit(first);
    expect(answer).toMatchObject({ height: 1, stateRoot: first.stateRoot, resultsRoot: first.resultsRoot });
    expect(answer.transactionResults).toHaveLength(1);
    expect(store.ledger.account(testKey('bob').id)?.balance).toBe(5n);
    await commit(chain.next());
    expect(store.tip.height).toBe(2);
    expect(store.blocksWithContent).toBe(1);
  });

  it('answers a block that is stored already as it did the first time, and writes nothing', async () => {
    const chain = new TestChain();
    const { commit, log } = await openStore(chain);
    const first = chain.next([chain.entry(client, pay(5n))]);
    const [a, b, c] = await Promise.all([commit(first), commit(first), commit(first)]);
    expect(b).toEqual(a);
    expect(c).toEqual(a);
    expect(log.records).toHaveLength(1);
  });

  it('accepts a stored block under another valid certificate', async () => {
    const chain = new TestChain();
    const { commit } = await openStore(chain);
    const first = chain.next();
    await commit(first);
    const other = encode(certificate, chain.certify(1, 3, first.hash, [1, 2, 3]));
    await expect(commit({ raw: { ...first.raw, certificate: other } })).resolves.toMatchObject({ height: 1 });
  });

  const made = () => {
    const chain = new TestChain();
    return { chain, one: chain.draft([chain.entry(client, pay(5n))]) };
  };
  type Made = ReturnType<typeof made>;
  const swap = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === bytes.length - 1 ? b ^ 1 : b));
  const rows: [string, string, (m: Made) => Made['one']['raw']][] = [
    ['bytes that are no block', 'MALFORMED_MESSAGE', ({ one }) => ({ ...one.raw, block: one.raw.block.subarray(1) })],
    ['bytes that are no certificate', 'MALFORMED_MESSAGE', ({ one }) => ({ ...one.raw, certificate: new Uint8Array(3) })],
    ['a certificate with a wrong signature', 'INVALID_SIGNATURE', ({ one }) => ({ ...one.raw, certificate: swap(one.raw.certificate) })],
    [
      'a certificate of two out of four',
      'QUORUM_NOT_REACHED',
      ({ chain, one }) => ({ ...one.raw, certificate: encode(certificate, chain.certify(1, 0, one.hash, [0, 1])) }),
    ],
    [
      'a certificate of prepares',
      'QUORUM_NOT_REACHED',
      ({ chain, one }) => ({ ...one.raw, certificate: encode(certificate, chain.certify(1, 0, one.hash, [0, 1, 2], 'prepared')) }),
    ],
    [
      'a certificate for another block',
      'MALFORMED_MESSAGE',
      ({ chain, one }) => ({ ...one.raw, certificate: encode(certificate, chain.certify(1, 0, chain.chain)) }),
    ],
    ['a body too few', 'MALFORMED_MESSAGE', ({ one }) => ({ ...one.raw, batches: [] })],
    ['a body with a changed byte', 'MALFORMED_MESSAGE', ({ one }) => ({ ...one.raw, batches: one.raw.batches.map(swap) })],
    [
      'references that are not those of the header',
      'MALFORMED_MESSAGE',
      ({ one }) => ({ ...one.raw, batches: [], block: encode(block, { ...decode(block, one.raw.block), batches: [] }) }),
    ],
    ['a block of another chain', 'WRONG_CHAIN', () => new TestChain('other').draft().raw],
  ];
  it.each(rows)('refuses %s and changes nothing', async (_, reason, change) => {
    const m = made();
    const { store, log, commit } = await openStore(m.chain);
    await expect(commit({ raw: change(m) })).rejects.toMatchObject({ reason });
    expect(log.records).toHaveLength(0);
    await expect(commit(m.one)).resolves.toMatchObject({ height: 1 });
    expect(store.tip.height).toBe(1);
  });

  it('refuses a height further on and says which one it expects', async () => {
    const chain = new TestChain();
    const { commit } = await openStore(chain);
    chain.next();
    const second = chain.next();
    await expect(commit(second)).rejects.toMatchObject({ reason: 'SEQUENCE_GAP', details: { expected: '1' } });
  });

  const forks: [string, object][] = [
    ['another state root', { stateRoot: 'ab'.repeat(32) }],
    ['another results root', { resultsRoot: 'ab'.repeat(32) }],
    ['another parent', { parent: 'ab'.repeat(32) }],
    ['a time that goes back', { time: 1 }],
  ];
  it.each(forks)('halts for a certified block with %s, and serves nothing after', async (_, tamper) => {
    const chain = new TestChain();
    const { store, commit, log } = await openStore(chain);
    await commit(chain.next());
    const bad = chain.draft([], { tamper });
    const error = await commit(bad).catch((e) => e);
    expect(error).toBeInstanceOf(Halted);
    expect(error).toMatchObject({ halted: 'StateForkDetected', dump: { height: 2, certifiedBlock: bad.hash, tipHeight: 1 } });
    expect(log.records).toHaveLength(1);
    await expect(commit(chain.draft())).rejects.toThrow();
    await expect(store.settled()).rejects.toThrow();
  });

  it('halts for a second certified block at a stored height', async () => {
    const chain = new TestChain();
    const { commit } = await openStore(chain);
    const rival = chain.draft([], { tamper: { time: 1_800_000_000_000 } });
    await commit(chain.next());
    await expect(commit(rival)).rejects.toMatchObject({ halted: 'StateForkDetected' });
  });
});

describe('Durability', () => {
  it('lets no reply, tip, event, stream or read leave before the sync', async () => {
    const chain = new TestChain();
    const { store, log, finals, commit } = await openStore(chain);
    const seen: string[] = [];
    const release = log.hold();
    const stop = new AbortController();
    const reply = commit(chain.next([chain.entry(client, pay(5n))])).then(() => seen.push('reply'));
    await log.written(1);
    expect(log.records).toHaveLength(1); // executed and written, not yet durable
    const read = store.settled().then(() => seen.push('read'));
    const stream = store
      .blocks(1, true, stop.signal)
      .next()
      .then(() => seen.push('stream'));
    const news = store
      .news(stop.signal)
      .next()
      .then(() => seen.push(`news of ${store.tip.height}`));
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect({ seen, tip: store.tip.height, finals: finals.length, place: store.indexes.approvals('x') }).toEqual({
      seen: [],
      tip: 0,
      finals: 0,
      place: [],
    });
    release();
    await Promise.all([reply, read, stream, news]);
    expect(seen.sort()).toEqual(['news of 1', 'read', 'reply', 'stream']);
    expect(finals).toHaveLength(1);
    expect(log.durable).toBe(1);
    stop.abort();
  });

  it('strangers who fill all streams keep none of the cell from the next block', async () => {
    const chain = new TestChain();
    const { store, commit } = await openStore(chain);
    const stop = new AbortController();
    const next = (isOwn: boolean) => store.blocks(1, true, stop.signal, isOwn).next();
    const strangers = Array.from({ length: 1_024 }, () => next(false));
    await expect(next(false)).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    const own = next(true);
    await commit(chain.next());
    expect((await own).value?.height).toBe(1);
    await Promise.all(strangers);
    stop.abort();
  });

  it('uses one sync for a block', async () => {
    const chain = new TestChain();
    const { log, commit } = await openStore(chain);
    for (let i = 0; i < 5; i++) await commit(chain.next([chain.entry(client, pay(1n))]));
    expect(log.syncs).toBe(5);
  });

  it('halts on a failed sync and answers nothing more', async () => {
    const chain = new TestChain();
    const { store, log, commit, finals } = await openStore(chain);
    const first = chain.next();
    log.fail(new Error('EIO'));
    await expect(commit(first)).rejects.toThrow(/EIO/);
    await expect(commit(first)).rejects.toThrow(/stopped/);
    await expect(store.settled()).rejects.toThrow(/stopped/);
    expect(finals).toHaveLength(0);
    expect(store.tip.height).toBe(0);
  });
});
