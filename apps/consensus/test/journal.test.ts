import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode, signedTransaction } from '@bursar/protocol';
import { type DurableLog, openLog, recordingFiles, rejection } from '@bursar/shared-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BodyStore } from '../src/core/body-store.ts';
import { Intake } from '../src/core/intake.ts';
import { Journal } from '../src/core/journal.ts';
import { type JournalRecord, journalRecord } from '../src/core/journal-record.ts';
import { type Hold, Mempool } from '../src/core/mempool.ts';
import { Outcomes } from '../src/core/outcomes.ts';
import type { OwnBatches } from '../src/core/own-batches.ts';
import { readJournal, restore } from '../src/core/restore.ts';
import { verifyTransaction } from '../src/core/verify-job.ts';
import { testGenesis, transfer } from './support/genesis.ts';

const { chain } = testGenesis(4);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

type Tx = ReturnType<typeof transfer>;
const never = (error: unknown) => {
  throw error;
};
async function records(): Promise<JournalRecord[]> {
  const log = await openLog(join(dir, 'log'));
  const all: JournalRecord[] = [];
  for await (const { bytes } of log.replay()) all.push(decode(journalRecord, bytes));
  await log.close();
  return all;
}
const transaction = (nonce: bigint): JournalRecord => {
  const { body, signature } = transfer(chain, nonce);
  const entry = { transaction: encode(signedTransaction, { body, signature }), traceparent: 't', tracestate: '' };
  return { kind: 'transactions', entries: [entry] };
};

describe('the journal', () => {
  it('keeps the live records and drops the rest, once it has grown', async () => {
    const file = await openLog(join(dir, 'log'));
    const journal = new Journal(file, { compactBytes: 2_000, onFailure: never });
    const live = [transaction(99n)];
    journal.keep(() => live);
    journal.append(transaction(0n));
    journal.compact([new Uint8Array([1])]);
    await journal.sync();
    expect(file.bytes).toBeLessThan(2_000); // too small to be worth it: nothing happened
    for (let n = 1n; n < 12n; n++) journal.append(transaction(n));
    journal.compact([new Uint8Array([7])]);
    journal.appendEngine(new Uint8Array([8]));
    await journal.sync();
    await file.close();
    const found = await records();
    expect(found.map((r) => (r.kind === 'engine' ? r.record[0] : r.kind))).toEqual([7, 'transactions', 8]);
  });
  it('a failed write reaches onFailure, and nothing that waited for it goes on', async () => {
    const failures: unknown[] = [];
    const broken = {
      append: () => {},
      sync: () => Promise.reject(new Error('no space')),
      rotate: () => 1,
      dropBefore: async () => {},
      bytes: 0,
    };
    const journal = new Journal(broken, { compactBytes: 1, onFailure: (e) => failures.push(e) });
    let goneOn = false;
    void journal.sync().then(() => {
      goneOn = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([failures.length, goneOn]).toEqual([1, false]);
  });
  it('a transaction is on disk before its Submit is answered, and a restart finds it until it is done', async () => {
    const files = recordingFiles();
    const file: DurableLog = await openLog(join(dir, 'log'), { files });
    const journal = new Journal(file, { compactBytes: 1e9, onFailure: never });
    const checked: Uint8Array[] = [];
    const verify = {
      transaction: async (e: Uint8Array) => {
        checked.push(e);
        return verifyTransaction(chain, e);
      },
      transactions: async (all: readonly Uint8Array[]) => {
        checked.push(...all);
        return all.map((e) => verifyTransaction(chain, e));
      },
      batch: async () => ({ ok: false, name: 'MalformedMessage', why: '' }) as const,
    };
    const outcomes = new Outcomes(0, { heights: 4, results: 10, watchers: 10 });
    let isShort = false;
    const intake = new Intake({
      clock: { now: () => 0 },
      verify,
      journal,
      outcomes,
      mempool: new Mempool({ maxCount: 2, maxBytes: 1e6, maxHeld: 2 }),
      onPending: () => {},
      onOutcome: () => {},
      isShort: () => isShort,
    });
    const [a, b, c] = [transfer(chain, 0n), transfer(chain, 0n, 101), transfer(chain, 0n, 102)]; // of three signers: each has a share
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: '' };
    const id = await intake.submit(a, trace);
    files.note('reply');
    expect(files.journal.slice(-3).map((step) => step.split(' ')[0])).toEqual(['write', 'fdatasync', 'reply']);
    expect(await intake.submit(a, trace)).toBe(id); // the same bytes: the same answer
    const second = intake.submit(transfer(chain, 1n), trace);
    const before = checked.length + 1;
    await expect(second).rejects.toMatchObject({ reason: 'RATE_LIMITED', retryAfterMs: expect.any(Number) }); // its share; others go on
    const both = await intake.submitAll([b, c], trace); // there is room for one
    expect(both.map((x) => x.error?.reason)).toEqual([undefined, 'QUEUE_FULL']);
    await expect(intake.submit(c, trace)).rejects.toMatchObject({ reason: 'QUEUE_FULL', retryAfterMs: expect.any(Number) });
    expect(await intake.submit(b, trace)).toBe(b.id); // whoever lost the answer gets it, however full it is
    expect(checked.length).toBe(before); // C6: nothing is spent on what is refused
    isShort = true; // C6: clients are the first to be refused
    await expect(intake.submit(c, trace)).rejects.toMatchObject({ reason: 'INSUFFICIENT_RESOURCES', retryAfterMs: expect.any(Number) });
    journal.append({ kind: 'done', ids: [a.id] });
    await journal.sync();
    await file.close();
    const again = await openLog(join(dir, 'log'));
    const found = await readJournal(again, chain);
    await again.close();
    expect([...found.transactions.keys()]).toEqual([b.id]);
    expect(found.transactions.get(b.id)?.traceparent).toBe(trace.traceparent);
  });
  it('a place is held from the first look until the signature is checked: what fails gives it back, and what comes meanwhile is refused unchecked', async () => {
    const checks: PromiseWithResolvers<void>[] = [];
    const mempool = new Mempool({ maxCount: 8, maxBytes: 1e6, maxHeld: 1 });
    const intake = new Intake({
      clock: { now: () => 0 },
      verify: {
        transaction: async (e) => verifyTransaction(chain, e),
        async transactions(all) {
          const check = Promise.withResolvers<void>();
          checks.push(check);
          await check.promise;
          return all.map((e) => verifyTransaction(chain, e));
        },
        batch: async () => ({ ok: false, name: 'MalformedMessage', why: '' }),
      },
      journal: { append: () => {}, sync: async () => {} } as unknown as Journal,
      outcomes: new Outcomes(0, { heights: 4, results: 10, watchers: 10 }),
      mempool,
      onPending: () => {},
      onOutcome: () => {},
      isShort: () => false,
    });
    const [a, b, c, d] = [101, 102, 103, 104].map((by) => transfer(chain, 0n, by)) as [Tx, Tx, Tx, Tx];
    const trace = { traceparent: '', tracestate: '' };
    const forged = { body: b.body, signature: new Uint8Array(64) };
    const first = intake.submitAll([a, forged], trace);
    const meanwhile = await intake.submitAll([c, d], trace);
    expect(meanwhile.map((x) => [x.id, x.error?.reason])).toEqual([
      [c.id, 'QUEUE_FULL'],
      [d.id, 'QUEUE_FULL'],
    ]);
    expect(checks).toHaveLength(1);
    checks[0]?.resolve();
    expect((await first).map((x) => x.error?.reason)).toEqual([undefined, 'INVALID_SIGNATURE']);
    const after = intake.submitAll([c, d], trace); // two at once, though only one fits below the bound: a call is taken as a whole
    checks[1]?.reject(new Error('the worker died'));
    await expect(after).rejects.toThrow('the worker died');
    const again = intake.submitAll([c, d], trace);
    checks[2]?.resolve();
    expect((await again).map((x) => x.error?.reason)).toEqual([undefined, undefined]);
    expect(mempool.size).toBe(3);
  });
  it('when the log has no room, nobody is told that a transaction was taken: not the same one twice in a call either', async () => {
    const full = {
      append: () => {
        throw rejection('QueueFull', 'too much waits for the disk');
      },
      sync: async () => {},
      rotate: () => 1,
      dropBefore: async () => {},
      bytes: 0,
    };
    const mempool = new Mempool({ maxCount: 10, maxBytes: 1e6, maxHeld: 10 });
    const intake = new Intake({
      clock: { now: () => 0 },
      verify: {
        transaction: async (e) => verifyTransaction(chain, e),
        transactions: async (all) => all.map((e) => verifyTransaction(chain, e)),
        batch: async () => ({ ok: false, name: 'MalformedMessage', why: '' }),
      },
      journal: new Journal(full, { compactBytes: 1e9, onFailure: never }),
      outcomes: new Outcomes(0, { heights: 4, results: 10, watchers: 10 }),
      mempool,
      onPending: () => {},
      onOutcome: () => {},
      isShort: () => false,
    });
    const [a, b] = [transfer(chain, 0n), transfer(chain, 0n, 101)];
    const answers = await intake.submitAll([a, a, b], { traceparent: '', tracestate: '' });
    expect(answers.map((x) => x.error?.reason)).toEqual(['QUEUE_FULL', 'QUEUE_FULL', 'QUEUE_FULL']);
    expect([mempool.size, mempool.queued]).toEqual([0, 0]);
    const trace = { traceparent: '', tracestate: '' }; // whoever asks twice at once, too
    const twice = await Promise.allSettled([intake.submitAll([a], trace), intake.submitAll([a], trace)]);
    expect(twice.map((t) => t.status === 'fulfilled' && t.value[0]?.error?.reason)).toEqual(['QUEUE_FULL', 'QUEUE_FULL']);
  });
  it('a restart keeps all that was taken, in whatever order the checks of it ended', () => {
    const bounds = { maxCount: 10, maxBytes: 1e6, maxHeld: 10 };
    const before = new Mempool(bounds);
    const held = [100, 100, 100, 100, 100, 101, 101, 101].map((by, n) => {
      const { id, body, signature } = transfer(chain, BigInt(n), by);
      const pending = { id, transaction: encode(signedTransaction, { body, signature }), traceparent: '', tracestate: '' };
      return { pending, hold: before.hold(pending) as Hold };
    });
    for (const { pending, hold } of held.toReversed()) before.fill(hold, pending);
    const transactions = new Map([...before.all()].map((p) => [p.id, p]));
    const found = { engine: [], transactions, own: new Map(), bodies: new Map(), accusations: new Map() };
    const mempool = new Mempool(bounds);
    restore(found, 0, [], 0, { mempool, own: {} as OwnBatches, store: {} as BodyStore });
    expect([mempool.size, mempool.queued, mempool.bytes]).toEqual([8, 8, before.bytes]);
  });
});
