import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Driver, type Executor } from '@bursar/executor';
import { did, keyOf, TREASURY } from '@bursar/executor/testing';
import { formatAccount } from '@bursar/protocol';
import { treasury } from '@bursar/protocol/rpc';
import { rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { Bell } from '../src/adapters/bell.ts';
import { isSettled, ordersOf, outsideDependencies } from '../src/adapters/payments.ts';
import { explain } from '../src/errors.ts';

const never = new AbortController().signal;

describe('bell', () => {
  it('wakes all who wait, and whoever missed a ring', async () => {
    const bell = new Bell();
    const heard = bell.rings;
    const waiting = [bell.next(60_000, never), bell.next(60_000, never)];
    bell.ring();
    await Promise.all(waiting);
    await bell.next(60_000, never, heard);
    const abort = new AbortController();
    const waits = bell.next(60_000, abort.signal);
    abort.abort();
    await waits;
    await bell.next(60_000, abort.signal);
    await bell.next(1, never);
  });
});

describe('driver', () => {
  const fake = (over: Partial<Executor>) =>
    ({
      tick: async () => 0,
      redrive: async () => 0,
      noteError() {},
      setPlanning() {},
      release: async () => {},
      open: 0,
      ...over,
    }) as Executor;

  it('never runs two ticks at a time, redrives included, and goes on after an error', async () => {
    const bell = new Bell();
    const abort = new AbortController();
    const ticked = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let ticks = 0;
    const alone = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      ticks += 1;
      bell.ring();
      if (ticks === 20) ticked.resolve();
      if (ticks % 3 === 0) throw rejection('PeerUnreachable');
      return ticks;
    };
    const errors: unknown[] = [];
    const driver = new Driver({
      executor: fake({ tick: alone, redrive: alone }),
      bell,
      pollMs: 60_000,
      explain,
      onTick: (e) => void errors.push(e),
      onFatal: () => {},
    });
    const run = driver.run(abort.signal);
    const redriven = await Promise.allSettled([driver.redrive(), driver.redrive(), driver.redrive()]);
    await ticked.promise;
    abort.abort();
    bell.ring();
    await run;
    expect([most, redriven.length]).toEqual([1, 3]);
    expect(errors.some((e) => e !== undefined)).toBe(true);
  });

  it('a journal that fails is fatal, a storage that is away is not', async () => {
    const outcomes: string[] = [];
    for (const name of ['PeerUnreachable', 'DiskFull'] as const) {
      const abort = new AbortController();
      const tick = async () => {
        abort.abort();
        throw name === 'DiskFull' ? Object.assign(rejection('NotFound'), { reason: 'DISK_FULL' }) : rejection(name);
      };
      const driver = new Driver({
        executor: fake({ tick }),
        bell: new Bell(),
        pollMs: 1,
        explain,
        onTick: () => void outcomes.push(name),
        onFatal: () => void outcomes.push('fatal'),
      });
      await driver.run(abort.signal);
    }
    expect(outcomes).toEqual(['PeerUnreachable', 'fatal', 'DiskFull']);
  });

  it.each([
    ['gives the lease back when nothing is open', 0, 1],
    ['keeps it for the restart when batches stay open', 2, 0],
  ])('draining %s', async (_, open, releases) => {
    let released = 0;
    let planning = true;
    const executor = fake({
      async release() {
        released += 1;
      },
      setPlanning(on) {
        planning = on;
      },
    });
    Object.defineProperty(executor, 'open', { get: () => open });
    const driver = new Driver({ executor, bell: new Bell(), pollMs: 1, explain, onTick: () => {}, onFatal: () => {} });
    await driver.drain(AbortSignal.timeout(20), 5);
    expect([released, planning]).toEqual([releases, false]);
  });
});

describe('payments of the wire', () => {
  const payment = (changes: MessageInitShape<typeof treasury.PaymentSchema>) =>
    create(treasury.PaymentSchema, { clientKey: 'k', destination: formatAccount(keyOf('payee').id), amount: 1n, ...changes });

  it.each([
    ['an account with a wrong checksum', { destination: `${formatAccount(keyOf('payee').id).slice(0, -1)}q` }, 'payments[0].destination'],
    ['no account at all', { destination: 'x' }, 'payments[0].destination'],
    ['a time beyond all calendars', { notBeforeMs: 2n ** 63n }, 'payments[0].not_before_ms'],
  ])('refuses %s', (_, changes, field) => {
    expect(ordersOf([payment(changes)]).violations.map((v) => v.field)).toEqual([field]);
  });

  it('an empty lane is consumer; dependencies outside are found once', () => {
    const { orders, violations } = ordersOf([
      payment({ clientKey: 'a', dependsOn: ['b', 'x'] }),
      payment({ clientKey: 'b', dependsOn: ['x', 'y'] }),
    ]);
    expect([orders[0]?.lane, violations]).toEqual(['consumer', []]);
    expect(outsideDependencies(TREASURY, orders)).toEqual([did('x'), did('y')]);
  });

  it.each([
    ['open', {}, false],
    ['sealed', { voting: 3n }, false],
    ['approved', { queued: 1n, executed: 2n }, false],
    ['approved', { timelocked: 1n }, false],
    ['approved', { executed: 2n, cancelled: 1n, blocked: 1n, queued: 0n }, true],
    ['refused', {}, true],
  ])('an import that is %s with %j has settled: %s', (state, counts, settled) => {
    expect(isSettled({ state, approvals: 0, counts: counts as Record<string, bigint> })).toBe(settled);
  });
});
