/** What must survive (docs/treasury.md, "Executor"): the process may end between any two steps, with any journal. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { body, Chain, did, type Fate } from './support/chain.ts';
import { Rig } from './support/rig.ts';

class Crash extends Error {}
const ITEMS = 24;
const items = Array.from({ length: ITEMS }, (_, i) => body(`p${i}`, i % 5 === 4 ? { lane: 'industrial' } : {}));
const paid = (chain: Chain) => items.every((b) => chain.state(b.clientKey) === 'executed');

/** Every payment exactly once, money conserved. */
function audit(chain: Chain): void {
  const ids = chain.receipts.map((r) => r.disbursement);
  expect(new Set(ids).size).toBe(ids.length);
  expect(paid(chain)).toBe(true);
  expect(ids).toHaveLength(ITEMS);
  expect(chain.ledger.payments).toBe(ITEMS);
  chain.ledger.audit();
}

async function heal(rig: Rig): Promise<void> {
  expect(await rig.quiet(() => paid(rig.chain), 300, 500)).toBe(true);
  audit(rig.chain);
}

type Point = 'sign' | 'append' | 'sync' | 'synced' | 'send' | 'sent' | 'done';
const points: readonly Point[] = ['sign', 'append', 'sync', 'synced', 'send', 'sent', 'done'];

/** Ends the process at the n-th time a point is reached: nothing of it runs on. @returns whether that has happened */
function arm(rig: Rig, point: Point, nth: number): () => boolean {
  let left = nth;
  let dead = false;
  const hit = (at: Point): void => {
    if (dead || (at === point && left-- === 0)) {
      dead = true;
      throw new Crash(at);
    }
  };
  const { journal, submitter } = rig;
  rig.onSign = () => hit('sign');
  journal.onAppend = (bytes) => hit(bytes[0] === 2 ? 'done' : 'append'); // the record's tag
  journal.onSync = () => hit('sync');
  const sync = journal.sync.bind(journal);
  journal.sync = async () => {
    await sync();
    hit('synced');
  };
  const submit = submitter.submit.bind(submitter);
  submitter.submit = async (place, transaction) => {
    hit('send');
    await submit(place, transaction);
    hit('sent');
  };
  return () => dead;
}

async function untilCrash(rig: Rig, isDead: () => boolean, blocks: number): Promise<boolean> {
  for (let i = 0; i < blocks && !isDead(); i++) {
    rig.chain.block();
    await rig.tick().catch((e) => {
      if (!isDead()) throw e;
    });
  }
  return isDead();
}

describe('crash', () => {
  const rows = points.flatMap((point) =>
    [0, 1, 3].flatMap((nth) => (['kept', 'deleted', 'old'] as const).map((journal) => [point, nth, journal] as const)),
  );
  it.each(rows)('at %s (occurrence %i), journal %s: each payment exactly once', async (point, nth, kept) => {
    const chain = new Chain();
    chain.approve(items);
    const first = await new Rig(chain).start();
    await first.run(1);
    const old = [...first.journal.durable];
    const isDead = arm(first, point, nth);
    expect(await untilCrash(first, isDead, 20)).toBe(true);
    const second = new Rig(chain);
    second.now = first.now;
    first.journal.crash();
    second.journal.durable = kept === 'kept' ? first.journal.durable : kept === 'old' ? old : [];
    await second.start();
    await heal(second);
  });

  it('sends the intents of the journal again as they are, before it signs anything', async () => {
    const chain = new Chain();
    chain.approve(items);
    let fate: Fate = 'taken';
    const first = await new Rig(chain, { fate: () => fate }).start();
    await first.run(1);
    fate = 'lost'; // the intents are on disk and nowhere else
    await first.run(1);
    first.journal.crash();
    const second = new Rig(chain);
    second.journal.durable = first.journal.durable;
    await second.start();
    const unresolved = second.executor.status().staged;
    expect(unresolved).toBeGreaterThan(0);
    await second.tick();
    const resent = new Set([...chain.sent.keys()].slice(-unresolved));
    expect(second.executor.status().lastSeq).toBe(0n);
    await second.run(2);
    expect(chain.receipts.length).toBeGreaterThan(unresolved);
    expect(new Set(chain.receipts.map((r) => r.transaction))).toEqual(resent);
    expect(new Set(second.endings)).toEqual(new Set(['applied']));
    await heal(second);
  });

  it('a journal of an earlier life, with everything in it resolved or dead, changes nothing', async () => {
    const chain = new Chain();
    chain.approve(items);
    const first = await new Rig(chain).start();
    await first.run(2);
    const old = [...first.journal.durable];
    expect(await first.quiet(() => paid(chain))).toBe(true);
    const second = new Rig(chain);
    second.journal.durable = old;
    await second.start();
    await second.run(30, 500);
    audit(chain);
    expect(second.executor.status().staged).toBe(0);
  });

  it('after a restart no storage is believed that is behind what was known when a batch was signed', async () => {
    const chain = new Chain();
    chain.approve(items);
    const first = await new Rig(chain).start();
    await first.run(3);
    const { height } = first.executor.status();
    expect(first.executor.status().staged).toBeGreaterThan(0);
    const second = new Rig(chain);
    second.journal.durable = first.journal.durable;
    await second.start();
    const asked: number[] = [];
    second.reads.lease = async (atLeast) => {
      asked.push(atLeast);
      return chain.lease();
    };
    await second.tick();
    expect(asked).toEqual([height]);
  });

  it('the journal stays small', async () => {
    const chain = new Chain();
    chain.approve(items);
    const rig = await new Rig(chain, { settings: { batchItems: 1, window: 2 } }).start();
    expect(await rig.quiet(() => paid(chain))).toBe(true);
    await rig.run(2);
    expect(rig.journal.bytes).toBeLessThan(2_500);
  });

  it('property: whatever is lost, doubled, late or crashes, each payment is made at most once, and exactly once when quiet', async () => {
    const fate = fc.constantFrom<Fate>('taken', 'lost', 'silent', 'doubled', 'late');
    const event = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('block' as const), ms: fc.integer({ min: 1, max: 3_000 }), swap: fc.boolean() }),
      },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('tick' as const), who: fc.nat(1), fates: fc.array(fate, { minLength: 1, maxLength: 6 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('restart' as const), who: fc.nat(1), journal: fc.constantFrom('kept', 'deleted') }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), item: fc.nat(ITEMS - 1) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('deaf' as const), ticks: fc.integer({ min: 1, max: 4 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), fc.boolean(), async (events, twins) => {
        const chain = new Chain();
        chain.approve(items);
        let fates: Fate[] = ['taken'];
        let sends = 0;
        let deaf = 0;
        const options = { fate: () => fates[sends++ % fates.length] as Fate, broken: () => deaf > 0 };
        // Twins share one key and each has a journal of its own; else they are two executors.
        const keys = ['exec', twins ? 'exec' : 'exec2'];
        const rigs = await Promise.all(keys.map((key) => new Rig(chain, { ...options, key }).start()));
        (rigs[1] as Rig).reads.told = false; // one is told what is ready, one looks
        const cancelled = new Set<number>();
        for (const e of events) {
          if (e.kind === 'block') chain.block(e.ms, (of) => (e.swap ? [...of].reverse() : of));
          else if (e.kind === 'deaf') deaf = e.ticks;
          else if (e.kind === 'cancel') {
            const [r] = chain.act('ann', { kind: 'cancel', treasury: items[0]?.treasury as string, disbursement: idOf(e.item) });
            if (r?.code === 0) cancelled.add(e.item);
          } else if (e.kind === 'restart') {
            const rig = rigs[e.who] as Rig;
            rig.journal.crash();
            if (e.journal === 'deleted') rig.journal.durable = [];
            await rig.start();
          } else {
            fates = e.fates;
            const rig = rigs[e.who] as Rig;
            rig.now += 500;
            await rig.tick().catch(() => {});
            if (deaf > 0) deaf -= 1;
          }
          const ids = chain.receipts.map((r) => r.disbursement);
          expect(new Set(ids).size).toBe(ids.length); // at most once, at every moment
        }
        fates = ['taken'];
        deaf = 0;
        const done = () => items.every((_, i) => chain.state(`p${i}`) === (cancelled.has(i) ? 'cancelled' : 'executed'));
        for (let i = 0; i < 400 && !done(); i++) {
          chain.block(500);
          for (const rig of rigs) {
            rig.now += 500;
            await rig.tick();
          }
        }
        expect(done()).toBe(true);
        expect(chain.receipts).toHaveLength(ITEMS - cancelled.size);
        chain.ledger.audit();
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

const idOf = (item: number) => did(`p${item}`);
