import { setImmediate as turn } from 'node:timers/promises';
import { encode, rejections, result as resultCodec, type TransactionResult, toHex } from '@bursar/protocol';
import { transactions } from '@bursar/protocol/rpc';
import { createRpcClient, createRpcServer, rejection } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { transactionsHandlers } from '../src/adapters/transactions-service.ts';
import { followStream, type Told } from '../src/core/follow-stream.ts';
import { type Answer, type Given, Intake } from '../src/core/intake.ts';
import { Journal } from '../src/core/journal.ts';
import { Mempool } from '../src/core/mempool.ts';
import { type Outcome, Outcomes } from '../src/core/outcomes.ts';
import { verifyTransaction } from '../src/core/verify-job.ts';
import { testGenesis, transfer } from './support/genesis.ts';
import { until } from './support/network.ts';

const { chain } = testGenesis(1);
const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A validator's Transactions on a real port: no disk, no network, and blocks when the test says so. */
async function validator() {
  const disk = { append: () => {}, sync: async () => {}, rotate: () => 1, dropBefore: async () => {}, bytes: 0 };
  const outcomes = new Outcomes(0, { heights: 8, results: 1_000, watchers: 100 });
  const mempool = new Mempool({ maxCount: 100, maxBytes: 1e7, maxHeld: 100 });
  const intake = new Intake({
    clock: { now: () => 0 },
    verify: {
      transaction: async (e) => verifyTransaction(chain, e),
      transactions: async (all) => all.map((e) => verifyTransaction(chain, e)),
      batch: async () => ({ ok: false, name: 'MalformedMessage', why: '' }),
    },
    journal: new Journal(disk, { compactBytes: 1e9, onFailure: () => {} }),
    mempool,
    outcomes,
    onPending: () => {},
    onOutcome: () => {},
    isShort: () => false,
  });
  const server = createRpcServer();
  const follow = { outcomes, storage: { transaction: async () => undefined }, isPending: (id: string) => mempool.has(id) };
  server.add(transactions.Transactions, transactionsHandlers(intake, follow), 'public');
  const client = createRpcClient(transactions.Transactions, `127.0.0.1:${await server.listen('127.0.0.1', 0)}`);
  closing.push(
    () => server.stop(100),
    () => client.close(),
  );
  return {
    client,
    outcomes,
    mempool,
    /** Everything that waits goes into a block. */
    block(code = 0, consumed = true) {
      const ids = mempool.remove([...mempool.all()].map((p) => p.id));
      const height = outcomes.finalHeight + 1;
      outcomes.executed(
        height,
        'commit',
        ids.map((id, index) => encode(resultCodec, resultOf(id, height, index, code, consumed))),
      );
    },
  };
}
const resultOf = (transaction: string, height: number, index: number, code: number, consumed: boolean): TransactionResult => ({
  kind: 'transaction',
  transaction,
  code,
  consumed,
  height,
  index,
  items: [],
});

/** Requests that a test gives one by one; `end` closes the sending side. */
function source(...given: readonly Given[]) {
  const queue = [...given];
  let isOver = false;
  let more = Promise.withResolvers<void>();
  const change = () => {
    more.resolve();
    more = Promise.withResolvers();
  };
  return {
    given: async function* () {
      for (;;) {
        const next = queue.shift();
        if (next) yield next;
        else if (isOver) return;
        else await more.promise;
      }
    },
    send: (next: Given) => {
      queue.push(next);
      change();
    },
    end: () => {
      isOver = true;
      change();
    },
  };
}

/** `<number> <step>`, and the name of the rejection behind it. */
const words = ({ number, step }: transactions.FollowResponse): string => {
  const why = step.case === 'refused' ? step.value : step.case === 'final' || step.case === 'provable' ? step.value.rejection : undefined;
  return [number, step.case, ...(why ? [why.name] : [])].join(' ');
};
function collect(replies: AsyncIterable<transactions.FollowResponse>) {
  const seen: transactions.FollowResponse[] = [];
  const done = (async () => {
    for await (const reply of replies) seen.push(reply);
  })();
  done.catch(() => {}); // awaited later, or its caller left
  return { seen, said: () => seen.map(words), done, count: (n: number) => until(`${n} steps`, () => seen.length >= n || undefined) };
}

describe('Transactions.Follow', () => {
  it('tells taken, final and provable of each, and ends after the last when the client has closed its side', async () => {
    const { client, block, outcomes } = await validator();
    const [a, b] = [transfer(chain, 0n), transfer(chain, 0n, 101)];
    const requests = source(a);
    const replies = collect(client.follow(requests.given()));
    await replies.count(1);
    block();
    requests.send(b);
    requests.end();
    await replies.count(3);
    block();
    await replies.count(5);
    block();
    await replies.done;
    expect(replies.said().slice(0, 2)).toEqual(['0 taken', '0 final']);
    for (const n of ['0', '1'])
      expect(replies.said().filter((w) => w.startsWith(n))).toEqual([`${n} taken`, `${n} final`, `${n} provable`]);
    expect(replies.seen.map((r) => toHex(r.transactionId)).sort()).toEqual([a.id, a.id, a.id, b.id, b.id, b.id].sort());
    expect(outcomes.watchers).toBe(0);
  });

  it('a refusal is about one transaction and ends nothing, whatever is wrong with it', async () => {
    const { client, block } = await validator();
    const [first, last] = [transfer(chain, 0n), transfer(chain, 1n)];
    const requests = source(
      first,
      { body: first.body, signature: new Uint8Array(64) },
      { body: first.body, signature: new Uint8Array(3) },
      { body: new Uint8Array(), signature: new Uint8Array(64) },
      { body: new Uint8Array(262_145), signature: new Uint8Array(64) },
      last,
    );
    requests.end();
    const replies = collect(client.follow(requests.given()));
    await replies.count(6);
    expect(replies.said()).toEqual([
      '0 taken',
      '1 refused InvalidSignature',
      '2 refused MalformedMessage',
      '3 refused MalformedMessage',
      '4 refused TransactionTooLarge',
      '5 taken',
    ]);
    const refused = replies.seen[1]?.step;
    expect(refused?.case === 'refused' && refused.value.correctiveAction).toBeTruthy();
    block();
    block();
    await replies.done;
    expect(replies.said().slice(6)).toEqual(['0 final', '5 final', '0 provable', '5 provable']);
  });

  const { InsufficientFunds, NonceGap } = rejections;
  it.each([
    ['one that failed in the ledger is final and provable with its rejection', InsufficientFunds.code, true, ['final', 'provable']],
    ['one that came into a block too early is refused: nothing is provable of it', NonceGap.code, false, ['refused']],
  ])('%s', async (_, code, consumed, steps) => {
    const { client, block } = await validator();
    const requests = source(transfer(chain, 0n));
    requests.end();
    const replies = collect(client.follow(requests.given()));
    await replies.count(1);
    block(code, consumed);
    block();
    await replies.done;
    const name = consumed ? 'InsufficientFunds' : 'NonceGap';
    expect(replies.said()).toEqual(['0 taken', ...steps.map((step) => `0 ${step} ${name}`)]);
  });

  it('the same transaction twice on a stream is taken once and answered twice', async () => {
    const { client, block, mempool } = await validator();
    const tx = transfer(chain, 0n);
    const requests = source(tx, tx);
    const replies = collect(client.follow(requests.given()));
    await replies.count(2);
    expect(mempool.size).toBe(1);
    block();
    block();
    await replies.count(6);
    requests.send(tx); // done by now, and known: it is told at once
    requests.end();
    await replies.done;
    for (const n of ['0', '1'])
      expect(replies.said().filter((w) => w.startsWith(n))).toEqual([`${n} taken`, `${n} final`, `${n} provable`]);
    expect(replies.said().slice(6)).toEqual(['2 taken', '2 provable']);
  });

  it('a client that leaves is watched for no more', async () => {
    const { client, outcomes } = await validator();
    const leave = new AbortController();
    const replies = collect(client.follow(source(transfer(chain, 0n), transfer(chain, 1n)).given(), { signal: leave.signal }));
    await replies.count(2);
    expect(outcomes.watchers).toBe(2);
    leave.abort();
    await expect(replies.done).rejects.toMatchObject({ reason: 'CANCELLED' });
    await until('nobody watches', () => outcomes.watchers === 0 || undefined);
  });
});

/** A stream whose transactions are numbers: what was submitted together, and how far it was read. */
function stream(
  count: number,
  { watchers = 5_000, submit }: { watchers?: number; submit?: (g: readonly Given[]) => Promise<Answer[]> } = {},
) {
  const outcomes = new Outcomes(0, { heights: 8, results: 10_000, watchers });
  const groups: number[] = [];
  const taken: string[] = [];
  const state = { read: 0 };
  const requests = (async function* () {
    for (; state.read < count; state.read++)
      yield { body: new Uint8Array([state.read >> 8, state.read & 255]), signature: new Uint8Array() };
  })();
  const take = async (given: readonly Given[]): Promise<Answer[]> => {
    groups.push(given.length);
    await turn();
    const ids = given.map((g) => toHex(g.body).padStart(64, '0'));
    taken.push(...ids);
    return ids.map((id) => ({ id, error: undefined }));
  };
  const leave = new AbortController();
  const parts = { outcomes, storage: { transaction: async () => undefined }, isPending: () => true, submit: submit ?? take };
  const told = followStream(requests, parts, leave.signal);
  const block = () => {
    const height = outcomes.finalHeight + 1;
    outcomes.executed(
      height,
      'commit',
      taken.splice(0).map((id, i) => encode(resultCodec, resultOf(id, height, i, 0, true))),
    );
  };
  return { told, outcomes, groups, state, block, leave };
}
const turns = async (n = 200) => {
  for (let i = 0; i < n; i++) await turn();
};

describe('a stream of more than may be under way', () => {
  it('is read up to the bound, also when the client does not read what it is told, and nothing is lost', async () => {
    const { told, outcomes, state, block } = stream(2_500);
    const first = await told.next();
    await turns();
    expect([first.value?.step, state.read, outcomes.watchers]).toEqual(['taken', 999, 1_000]); // the thousandth is given and not counted yet
    block();
    block();
    await turns();
    expect([state.read, outcomes.watchers]).toEqual([999, 0]); // provable, but not told: the client is slow
    const steps: Told[] = [first.value as Told];
    let next = await told.next();
    for (; !next.done; next = await told.next()) {
      steps.push(next.value);
      if (steps.length % 500 === 0) {
        await turns(10);
        block();
        block();
      }
      if (steps.length > 2_990) {
        await turns(2);
        block();
      }
    }
    const provable = steps.filter((s) => typeof s.step === 'object' && 'result' in s.step && s.step.provable).map((s) => s.number);
    expect([steps.length, new Set(provable).size, outcomes.watchers]).toEqual([7_500, 2_500, 0]);
  }, 60_000);

  it('what comes while others are written to disk is written together after them', async () => {
    const { told, groups, block } = stream(50);
    for (let i = 0; i < 50; i++) expect((await told.next()).value).toMatchObject({ number: i, step: 'taken' });
    expect(groups).toEqual([1, 49]);
    block();
    await told.return(undefined);
  });

  it('no more is read than a mebibyte that waits for the disk', async () => {
    const requests = (count: { read: number }) =>
      (async function* () {
        for (; count.read < 100; count.read++) yield { body: new Uint8Array(262_144), signature: new Uint8Array() };
      })();
    const count = { read: 0 };
    const parts = { outcomes: new Outcomes(0, { heights: 1, results: 1, watchers: 1 }), storage: { transaction: async () => undefined } };
    const submit = () => new Promise<Answer[]>(() => {});
    const told = followStream(requests(count), { ...parts, isPending: () => true, submit }, AbortSignal.timeout(60_000));
    const next = told.next();
    next.catch(() => {});
    await turns();
    expect(count.read).toBe(4); // one is with the disk, four wait; the last is given and not counted yet
  });

  it('a call that is refused as a whole is a refusal of each', async () => {
    const { told } = stream(2, { submit: () => Promise.reject(rejection('InsufficientResources')) });
    const steps: Told[] = [];
    for await (const step of told) steps.push(step);
    expect(steps).toMatchObject([0, 1].map((number) => ({ number, id: undefined, step: { reason: 'INSUFFICIENT_RESOURCES' } })));
  });

  it('what storage says of a step that was told already is not told again', async () => {
    const outcomes = new Outcomes(0, { heights: 8, results: 10, watchers: 10 });
    const said = Promise.withResolvers<Outcome>();
    const id = '1'.padStart(64, '0');
    const requests = source({ body: new Uint8Array(1), signature: new Uint8Array() });
    requests.end();
    const storage = { transaction: () => said.promise };
    const parts = { outcomes, storage, isPending: () => false, submit: async () => [{ id, error: undefined }] };
    const told = followStream(requests.given(), parts, AbortSignal.timeout(60_000));
    expect((await told.next()).value).toMatchObject({ step: 'taken' });
    outcomes.executed(1, 'commit', [encode(resultCodec, resultOf(id, 1, 0, 0, true))]);
    expect((await told.next()).value).toMatchObject({ step: { provable: false } });
    said.resolve({ result: resultOf(id, 1, 0, 0, true), certificateKind: 'commit', provable: false });
    await turns();
    outcomes.executed(2, 'commit', []);
    expect((await told.next()).value).toMatchObject({ step: { provable: true } });
    expect((await told.next()).done).toBe(true);
  });

  it('where too many wait already the stream ends and leaves nobody behind', async () => {
    const { told, outcomes } = stream(3, { watchers: 2 });
    for (let i = 0; i < 3; i++) expect((await told.next()).value).toMatchObject({ step: 'taken' });
    await expect(told.next()).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    expect(outcomes.watchers).toBe(0);
  });
});
