import { digest, type Header, ZERO_DIGEST } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import {
  advanceSchedule,
  genesisBeacon,
  genesisSet,
  leaderOf,
  leaderOrder,
  nextBeacon,
  SCHEDULE_WINDOW,
  type Schedule,
  skippedBitmap,
  startSchedule,
  toBitmap,
} from '../src/index.ts';
import { genesisOf } from './support/genesis.ts';

const set = genesisSet(genesisOf([34, 34, 31, 1]));
const at = (i: number, skipped: Uint8Array[] = []): Schedule => ({ beacon: digest('test', new Uint8Array([i & 255, i >> 8])), skipped });
const headerWith = (beacon: string, skipped: Uint8Array) => ({ beacon, skipped }) as Header;

describe('leaderOrder (Follow-the-Satoshi without replacement)', () => {
  it('holds every validator once, and is the same for the same beacon and height', () => {
    for (let i = 0; i < 200; i++) {
      expect([...leaderOrder(set, at(i), i)].sort()).toEqual([0, 1, 2, 3]);
      expect(leaderOrder(set, at(i), i)).toEqual(leaderOrder(set, at(i), i));
    }
  });

  it('depends on the beacon and on the height', () => {
    const orders = (of: (i: number) => readonly number[]) => new Set(Array.from({ length: 50 }, (_, i) => of(i).join())).size;
    expect(orders((i) => leaderOrder(set, at(i), 1))).toBeGreaterThan(3);
    expect(orders((i) => leaderOrder(set, at(1), i))).toBeGreaterThan(3);
  });

  it('V2: first places follow the stakes (chi-square, 3 degrees of freedom, p = 0.001: 16.27)', () => {
    const rounds = 20_000;
    const seen = [0, 0, 0, 0];
    for (let i = 0; i < rounds; i++) {
      const first = leaderOrder(set, at(i), 5)[0] as number;
      seen[first] = (seen[first] as number) + 1;
    }
    expect(chiSquare(seen, [0.34, 0.34, 0.31, 0.01], rounds)).toBeLessThan(16.27);
  });

  it('V2: second places follow the stakes of those that are left (chi-square after validator 0)', () => {
    const seen = [0, 0, 0, 0];
    let rounds = 0;
    for (let i = 0; i < 20_000; i++) {
      const [first, second] = leaderOrder(set, at(i), 5);
      if (first !== 0) continue;
      rounds++;
      seen[second as number] = (seen[second as number] as number) + 1;
    }
    expect(seen[0]).toBe(0);
    expect(chiSquare(seen.slice(1), [34 / 66, 31 / 66, 1 / 66], rounds)).toBeLessThan(13.82);
  });

  it('puts skipped validators last, in the order drawn, from any header of the window', () => {
    for (let i = 0; i < 50; i++) {
      const drawn = leaderOrder(set, at(i), 3);
      const order = leaderOrder(set, at(i, [toBitmap([1], 4), toBitmap([], 4), toBitmap([2], 4)]), 3);
      expect(order).toEqual([...drawn.filter((v) => v === 0 || v === 3), ...drawn.filter((v) => v === 1 || v === 2)]);
    }
  });

  it('with everyone skipped is the order drawn', () => {
    expect(leaderOrder(set, at(1, [toBitmap([0, 1, 2, 3], 4)]), 3)).toEqual(leaderOrder(set, at(1), 3));
  });
});

describe('schedule', () => {
  it('begins at the chain id and goes on with each final header', () => {
    const chain = ZERO_DIGEST;
    const first = nextBeacon(genesisBeacon(chain), 1);
    const schedule = advanceSchedule(startSchedule(chain), headerWith(first, toBitmap([2], 4)));
    expect(schedule).toEqual({ beacon: first, skipped: [toBitmap([2], 4)] });
    expect(nextBeacon(first, 2)).not.toBe(nextBeacon(first, 3));
  });

  it('forgets a skipped leader when its header leaves the window', () => {
    let schedule = advanceSchedule(startSchedule(ZERO_DIGEST), headerWith('aa'.repeat(32), toBitmap([0], 4)));
    const isPunished = () => schedule.skipped.some((b) => b[0] === 1);
    for (let i = 1; i < SCHEDULE_WINDOW; i++) schedule = advanceSchedule(schedule, headerWith('aa'.repeat(32), toBitmap([], 4)));
    expect([schedule.skipped.length, isPunished()]).toEqual([SCHEDULE_WINDOW, true]);
    schedule = advanceSchedule(schedule, headerWith('aa'.repeat(32), toBitmap([], 4)));
    expect([schedule.skipped.length, isPunished()]).toEqual([SCHEDULE_WINDOW, false]);
  });

  it('lets the leaders take turns, and marks those who led in vain', () => {
    const order = [2, 0, 3, 1];
    expect([0, 1, 2, 3, 4, 5].map((view) => leaderOf(order, view))).toEqual([2, 0, 3, 1, 2, 0]);
    expect([0, 1, 2, 4, 9].map((view) => [...skippedBitmap(order, view, 4)])).toEqual([[0], [0b100], [0b101], [0b1111], [0b1111]]);
  });
});

function chiSquare(seen: readonly number[], shares: readonly number[], rounds: number): number {
  return seen.reduce((sum, count, i) => sum + (count - (shares[i] as number) * rounds) ** 2 / ((shares[i] as number) * rounds), 0);
}
