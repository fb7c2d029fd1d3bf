import type { Digest, Lane } from '@bursar/protocol';
import { laneNumber } from './body-layout.ts';
import { NO_EDGE } from './edge-table.ts';
import { screenedFor } from './standing.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';

export interface ReadyItem {
  readonly id: Digest;
  readonly bodyHash: Digest;
  readonly attempts: number;
  /** Digest of the import that it belongs to. */
  readonly import: Digest;
  /** Items before it on the page that must be paid first; empty: it may be paid at once. */
  readonly after: readonly Digest[];
}
export interface ReadyPage {
  readonly items: ReadyItem[];
  /** Cursor of the next page; absent: this was the last. */
  readonly next?: string;
}

/**
 * What may be paid now, in the order in which it became ready, without paused treasuries. The cursor is the sequence number of
 * the last item shown, so that a page stays right while items leave; one that is no number starts from the beginning. What room is
 * left shows what may be paid right behind: a chain would take a block for each of its items else.
 */
export function readyPage(s: State, shard: number, lane: Lane, limit: number, cursor = ''): ReadyPage {
  const after = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  const found: { n: number; since: number }[] = [];
  for (const treasury of s.treasuries.values()) {
    if (treasury.paused) continue;
    let taken = 0;
    treasury.ready.get(shard * 2 + laneNumber[lane])?.after(after, (n, since) => {
      found.push({ n, since });
      taken += 1;
      return taken <= limit;
    });
  }
  found.sort((a, b) => a.since - b.since);
  const shown = found.slice(0, limit);
  const d = s.disbursements;
  const show = (n: number, after: readonly number[] = []): ReadyItem => ({
    id: d.id(n),
    bodyHash: d.bodyHash(n),
    attempts: d.attempts[n] as number,
    import: s.importOf(n).digest,
    after: after.map((m) => d.id(m)),
  });
  const items = shown.map(({ n }) => show(n));
  for (const { n, after } of followers(
    s,
    shown.map((r) => r.n),
    limit - shown.length,
  ))
    items.push(show(n, after));
  const last = shown.at(-1);
  return found.length > limit && last ? { items, next: String(last.since) } : { items };
}

/** Edges that are looked at for each item that there is room for: one item may have 100,000 dependents that wait for others as well. */
const EDGES_PER_ITEM = 4;

/** Approved dependents of the same shard and lane that wait for nothing but `paid` and one another, each behind what it waits for. */
function* followers(s: State, paid: readonly number[], room: number): Generator<{ readonly n: number; readonly after: readonly number[] }> {
  const d = s.disbursements;
  const walk = [...paid];
  const needs = new Map<number, number[]>();
  let edgesLeft = room * EDGES_PER_ITEM;
  for (let i = 0; i < walk.length; i += 1) {
    const needed = walk[i] as number;
    for (let edge = d.firstEdge[needed] as number; edge !== NO_EDGE; edge = s.edges.next(edge)) {
      if (edgesLeft === 0 || walk.length - paid.length === room) return;
      edgesLeft -= 1;
      const n = s.edges.dependent(edge);
      const isAlike = d.shard[n] === d.shard[needed] && d.lane(n) === d.lane(needed);
      if (!isAlike || d.status[n] !== Status.waiting || s.importOf(n).treasury.paused || screenedFor(s, n)) continue;
      const after = needs.get(n) ?? [];
      needs.set(n, after);
      after.push(needed);
      if (after.length < (d.waiting[n] as number)) continue;
      walk.push(n);
      yield { n, after };
    }
  }
}

/** Items on all pages together, by the sizes of the lists. */
export function readyCount(s: State, shard: number, lane: Lane): number {
  let count = 0;
  for (const { paused, ready } of s.treasuries.values()) if (!paused) count += ready.get(shard * 2 + laneNumber[lane])?.size ?? 0;
  return count;
}
