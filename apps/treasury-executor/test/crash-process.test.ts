/** What must survive (docs/testing.md, "Crash points"): a real executor process, SIGKILL at each of its steps, with any journal afterwards. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { body } from '@bursar/executor/testing';
import { type SignedTransaction, transactionId } from '@bursar/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ExecutorProcess, Network } from './support/network.ts';

const EACH = 12;
const OLDER_MS = 11_000;
const preload = `--import ${join(import.meta.dirname, 'support', 'die-at.mjs')}`;
const WIDE_MS = 60_000;

let network: Network;
let one: ExecutorProcess;
let made = 0;
beforeAll(async () => {
  network = await new Network().start();
  one = await ExecutorProcess.make(network, 'exec', { batchItems: 3, window: 2, resendMs: 200 });
});
afterAll(async () => {
  await one.remove();
  await network.stop();
});
const reset = (): void => {
  network.onArrival = () => true;
  network.onTaken = () => {};
  network.onBlock = () => {};
  network.onLost = () => {};
};
beforeEach(reset);

const journal = (): string => join(one.dir, 'data', 'journal');
const newest = (): string =>
  join(
    journal(),
    readdirSync(journal())
      .filter((f) => f.endsWith('.log'))
      .sort()
      .at(-1) as string,
  );
/** More to pay. @returns whether all that was ever approved is paid */
function approve(): () => boolean {
  const bodies = Array.from({ length: EACH }, () => body(`p${made++}`));
  network.chain.approve(bodies);
  return () => bodies.every((b) => network.chain.state(b.clientKey) === 'executed');
}
function atMostOnce(): void {
  const { receipts, ledger } = network.chain;
  expect([new Set(receipts.map((r) => r.disbursement)).size, ledger.payments]).toEqual([receipts.length, receipts.length]);
  ledger.audit();
}
function audit(): void {
  atMostOnce();
  expect(network.chain.receipts).toHaveLength(made);
}

/** Ends the process at the first of these steps. */
const dieAt = (step: string) => () => one.start({ NODE_OPTIONS: preload, DIE_AT: step });
const dieWhen = (hook: (kill: () => void) => void) => () => {
  hook(() => one.kill());
  return one.start();
};
const atBatch =
  (then: 'lost' | 'taken') =>
  (kill: () => void): void => {
    network.onArrival = (kind) => {
      if (kind === 'executeBatch' && then === 'lost') kill();
      return kind !== 'executeBatch' || then === 'taken';
    };
    network.onTaken = (kind) => {
      if (kind === 'executeBatch') kill();
    };
  };
const points: readonly (readonly [string, () => Promise<unknown>])[] = [
  [
    'the grant of its lease',
    dieWhen((kill) => {
      const { epoch } = network.chain.lease();
      network.onBlock = () => {
        if (network.chain.lease().epoch > epoch) kill();
      };
    }),
  ],
  ['the signing of a batch', dieAt('before write intent')],
  ['the write of its intent, which no fsync followed', dieAt('before sync intent')],
  ['the fsync of its intent', dieAt('after sync intent')],
  ['the sending of a batch that is lost', dieWhen(atBatch('lost'))],
  ['the sending of a batch that arrives', dieWhen(atBatch('taken'))],
  [
    'the commit of a batch, before it is told',
    dieWhen((kill) => {
      const paid = network.chain.receipts.length;
      network.onBlock = () => {
        if (network.chain.receipts.length > paid) kill();
      };
    }),
  ],
  ['the note that a batch is done', dieAt('after write done')],
];

/** Of the life before: as old as it can be with something in it. */
let old = '';
const journals = {
  kept: () => {},
  torn: () => truncateSync(newest(), Math.max(24, readFileSync(newest()).length - 5)),
  deleted: () => rmSync(journal(), { recursive: true, force: true }),
  old: () => {
    rmSync(journal(), { recursive: true, force: true });
    if (old !== '') cpSync(old, journal(), { recursive: true });
  },
} as const;
/** It may die before it listens. */
async function dies(start: () => Promise<unknown>): Promise<void> {
  const listens = start().catch(() => {});
  expect(await one.ended()).toBe('SIGKILL');
  await listens;
  reset();
}

describe('SIGKILL after', () => {
  const rows = points.flatMap(([point, start], i) =>
    (['kept', (['torn', 'deleted', 'old'] as const)[i % 3] as 'torn'] as const).map((kept) => [point, kept, start] as const),
  );
  // Each life begins with the journal that the one before left, so that what is unresolved adds up.
  it.each(rows)(
    '%s, its journal %s from then on: no payment twice',
    async (_, kept, start) => {
      approve();
      await dies(start);
      const copy = join(one.dir, `journal-${made}`);
      if (existsSync(journal())) cpSync(journal(), copy, { recursive: true });
      journals[kept]();
      if (existsSync(copy)) old = copy;
      atMostOnce();
    },
    WIDE_MS,
  );
  it(
    'all that: each payment exactly once',
    async () => {
      const last = approve();
      await one.start();
      await network.until(() => last() && network.chain.receipts.length === made);
      await one.end('SIGKILL');
      audit();
    },
    WIDE_MS,
  );
});

describe('a journal that somebody edited', () => {
  it(
    'is refused with code 70 and what to do; without it everything is paid once',
    async () => {
      const paid = approve();
      await dies(dieAt('after sync intent'));
      const bytes = readFileSync(newest());
      bytes[60] = (bytes[60] ?? 0) ^ 1;
      writeFileSync(newest(), bytes);
      await expect(one.start()).rejects.toMatchObject({ code: 70, message: expect.stringMatching(/corrupt/) });
      journals.deleted();
      await one.start();
      await network.until(paid);
      await one.end('SIGKILL');
      audit();
    },
    WIDE_MS,
  );
});

describe('two processes', () => {
  let other: ExecutorProcess;
  beforeAll(async () => {
    other = await ExecutorProcess.make(network, 'exec2', { batchItems: 3, window: 2, resendMs: 200 });
  });
  afterAll(async () => {
    await other.remove();
  });

  it(
    'SIGSTOP past the lease, then SIGCONT: the other has taken over, the frozen one is fenced and pays nothing twice',
    async () => {
      await one.start();
      await network.until(approve());
      const { epoch } = network.chain.lease();
      one.kill('SIGSTOP');
      await other.start();
      const paid = approve();
      network.chain.block(OLDER_MS); // ledger time alone ends a lease
      await network.until(paid);
      expect(network.chain.lease().epoch).toBe(epoch + 1n);
      const more = approve();
      one.kill('SIGCONT');
      await network.until(more);
      await other.end('SIGKILL');
      network.chain.block(OLDER_MS);
      await network.until(approve()); // the one that was frozen is of use again
      audit();
      await one.end('SIGKILL');
    },
    WIDE_MS,
  );

  it(
    'with one identity and a journal each: the newest takes over, and nothing is paid twice',
    async () => {
      const twin = await ExecutorProcess.make(network, 'exec', { batchItems: 3, window: 2, resendMs: 200 });
      try {
        await one.start();
        await network.until(approve());
        await twin.start();
        for (let i = 0; i < 3; i++) await network.until(approve());
        await one.end('SIGKILL');
        network.chain.block(OLDER_MS);
        await network.until(approve());
        audit();
      } finally {
        await twin.remove();
      }
    },
    WIDE_MS,
  );

  it(
    'a batch that arrives two leases later, and a thousand times, is fenced and changes nothing',
    async () => {
      const late: SignedTransaction[] = [];
      network.onLost = (signed) => late.push(signed);
      network.onArrival = (kind) => kind !== 'executeBatch' || one.child?.killed === true;
      const paid = approve();
      await one.start();
      while (late.length === 0) await network.nextBlock();
      one.kill();
      await one.ended();
      network.onArrival = () => true;
      network.chain.block(OLDER_MS);
      await other.start();
      await network.until(paid);
      await other.end('SIGKILL');
      network.chain.block(OLDER_MS);
      await one.start();
      await network.until(approve());
      for (const signed of late.slice(0, 1))
        for (let i = 0; i < 1_000; i++) network.chain.put({ id: transactionId(signed.body), ...signed });
      await network.nextBlock();
      await network.nextBlock();
      audit();
      await one.end('SIGKILL');
    },
    WIDE_MS,
  );
});
