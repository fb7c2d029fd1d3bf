import { describe, expect, it } from '@jest/globals';
import { Deferrals } from '../src/deferrals.ts';
import { cut, Planner, type Standing } from '../src/planner.ts';
import type { LedgerReads, ReadyItem } from '../src/ports.ts';

const items = (n: number, name = 'i'): ReadyItem[] =>
  Array.from({ length: n }, (_, i) => ({ id: `${name}${i}`, bodyHash: '', attempts: 0, traceparent: '', after: [] }));

const free =
  (isFree: (id: string) => boolean) =>
  (id: string): Standing =>
    isFree(id) ? 'free' : 'deferred';
/** Nothing was told of what is ready. */
const unknown = { height: 0, ready: undefined };

/** A ready list with cursors, as the ledger keeps it. */
function reads(lists: Record<string, ReadyItem[]>) {
  const asked: string[] = [];
  const port = {
    async ready(lane: string, limit: number, cursor: string) {
      asked.push(`${lane}:${limit}:${cursor}`);
      const all = lists[lane] ?? [];
      const start = cursor === '' ? 0 : Number(cursor);
      const page = all.slice(start, start + limit);
      return { items: page, next: start + limit < all.length ? String(start + limit) : '' };
    },
  } as unknown as LedgerReads;
  return { port, asked };
}

describe('cut', () => {
  it.each([
    ['fills batches in order', [10, 0], { batches: 4, batchItems: 3 }, ['c3', 'c3', 'c3', 'c1']],
    ['stops at the number of batches', [10, 0], { batches: 2, batchItems: 3 }, ['c3', 'c3']],
    ['lets lanes take turns', [6, 6], { batches: 3, batchItems: 3 }, ['c3', 'i3', 'c3']],
    ['never mixes lanes', [1, 1], { batches: 4, batchItems: 3 }, ['c1', 'i1']],
    ['plans nothing without room', [6, 6], { batches: 0, batchItems: 3 }, []],
    ['plans nothing of nothing', [0, 0], { batches: 4, batchItems: 3 }, []],
  ])('%s', (_, [c = 0, i = 0], limits, expected) => {
    const plan = cut(
      [
        { lane: 'consumer', items: items(c, 'c') },
        { lane: 'industrial', items: items(i, 'i') },
      ],
      limits,
    );
    expect(plan.map((b) => `${b.lane[0]}${b.items.length}`)).toEqual(expected);
  });
});

describe('planner', () => {
  it('passes over what is in flight and goes on behind it', async () => {
    const { port, asked } = reads({ consumer: items(20) });
    const planner = new Planner(port);
    const limits = { batches: 1, batchItems: 5 };
    const flying = new Set<string>();
    const seen: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const { batches } = await planner.plan(
        limits,
        free((id) => !flying.has(id)),
        unknown,
      );
      for (const { id } of batches.flatMap((b) => b.items)) {
        expect(flying.has(id)).toBe(false);
        flying.add(id);
        seen.push(id);
      }
    }
    expect(seen).toEqual(items(20).map((i) => i.id));
    expect(asked.filter((a) => a.startsWith('consumer')).map((a) => a.split(':')[2])).toEqual(['', '5', '10', '15']);
  });

  it('starts again when something comes back', async () => {
    const { port } = reads({ consumer: items(20) });
    const planner = new Planner(port);
    await planner.plan(
      { batches: 1, batchItems: 5 },
      free(() => true),
      unknown,
    );
    planner.restart();
    const { batches } = await planner.plan(
      { batches: 1, batchItems: 5 },
      free(() => true),
      unknown,
    );
    expect(batches[0]?.items[0]?.id).toBe('i0');
  });

  it('begins anew in a lane that was empty, without reading it meanwhile', async () => {
    const { port, asked } = reads({ consumer: items(9, 'c'), industrial: items(1, 'n') });
    const planner = new Planner(port);
    const limits = { batches: 2, batchItems: 2 };
    await planner.plan(
      limits,
      free(() => true),
      { height: 1, ready: { consumer: 9, industrial: 0 } },
    );
    await planner.plan(
      limits,
      free(() => true),
      { height: 2, ready: { consumer: 0, industrial: 0 } },
    );
    await planner.plan(
      limits,
      free(() => true),
      { height: 3, ready: { consumer: 9, industrial: 1 } },
    );
    expect(asked).toEqual(['consumer:4:', 'consumer:4:', 'industrial:4:']);
  });

  it('takes what follows another only behind it, or when that is under way', async () => {
    const chain = items(5, 'c').map((i, n) => (n === 0 ? i : { ...i, after: [`c${n - 1}`] }));
    const planned = async (standing: (id: string) => Standing) => {
      const plan = await new Planner(reads({ consumer: chain }).port).plan({ batches: 2, batchItems: 2 }, standing, unknown);
      return [plan.matured, ...plan.batches.map((b) => b.items.map((i) => i.id).join())];
    };
    expect(await planned(free(() => true))).toEqual([1, 'c0,c1', 'c2,c3']);
    expect(await planned((id) => (id === 'c0' ? 'under-way' : 'free'))).toEqual([1, 'c1,c2', 'c3,c4']);
    expect(await planned((id) => (id === 'c0' ? 'deferred' : 'free'))).toEqual([1]);
    expect(await planned((id) => (id === 'c2' ? 'deferred' : 'free'))).toEqual([1, 'c0,c1']);
  });

  it('comes back to deferred items at the end of the list', async () => {
    const { port } = reads({ consumer: items(6) });
    const planner = new Planner(port);
    let deferred = true;
    const isFree = (id: string) => !(deferred && ['i0', 'i5'].includes(id));
    const taken = new Set<string>();
    const plan = async () => {
      const { batches } = await planner.plan(
        { batches: 1, batchItems: 2 },
        free((id) => isFree(id) && !taken.has(id)),
        unknown,
      );
      for (const i of batches.flatMap((b) => b.items)) taken.add(i.id);
    };
    for (let turn = 0; turn < 5; turn++) await plan();
    deferred = false;
    for (let turn = 0; turn < 3; turn++) await plan();
    expect([...taken].sort()).toEqual(items(6).map((i) => i.id));
  });

  it('meets again what it found and had no room for', async () => {
    const { port } = reads({ consumer: items(8, 'c'), industrial: items(8, 'n') });
    const planner = new Planner(port);
    const taken: string[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const { batches } = await planner.plan(
        { batches: 1, batchItems: 2 },
        free((id) => !taken.includes(id)),
        unknown,
      );
      taken.push(...batches.flatMap((b) => b.items.map((i) => i.id)));
    }
    expect([...taken].sort()).toEqual([...items(8, 'c'), ...items(8, 'n')].map((i) => i.id).sort());
  });
});

describe('deferrals', () => {
  it('wait longer each time, and are bounded', () => {
    const d = new Deferrals(2);
    d.defer('a', 0);
    expect([d.isDeferred('a', 999), d.isDeferred('a', 1_000)]).toEqual([true, false]);
    d.defer('a', 1_000);
    expect([d.isDeferred('a', 2_999), d.isDeferred('a', 3_000)]).toEqual([true, false]);
    for (let i = 0; i < 10; i++) d.defer('a', 0);
    expect([d.isDeferred('a', 59_999), d.isDeferred('a', 60_000)]).toEqual([true, false]);
    d.defer('b', 0);
    d.defer('c', 0);
    expect([d.size, d.isDeferred('a', 0)]).toEqual([2, false]);
  });
});
