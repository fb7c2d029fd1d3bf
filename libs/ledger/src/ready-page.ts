import type { Digest, Lane } from '@bursar/protocol';
import { laneNumber } from './body-layout.ts';
import type { State } from './state.ts';

export interface ReadyItem {
  readonly id: Digest;
  readonly bodyHash: Digest;
  readonly attempts: number;
  /** Digest of the import that it belongs to. */
  readonly import: Digest;
}
export interface ReadyPage {
  readonly items: ReadyItem[];
  /** Cursor of the next page; absent: this was the last. */
  readonly next?: string;
}

/**
 * What may be paid now, in the order in which it became ready, without paused treasuries. The cursor is the sequence number of
 * the last item shown, so that a page stays right while items leave; one that is no number starts from the beginning.
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
  const items = shown.map(({ n }) => ({
    id: d.id(n),
    bodyHash: d.bodyHash(n),
    attempts: d.attempts[n] as number,
    import: s.importOf(n).digest,
  }));
  const last = shown.at(-1);
  return found.length > limit && last ? { items, next: String(last.since) } : { items };
}

/** Items on all pages together, by the sizes of the lists. */
export function readyCount(s: State, shard: number, lane: Lane): number {
  let count = 0;
  for (const { paused, ready } of s.treasuries.values()) if (!paused) count += ready.get(shard * 2 + laneNumber[lane])?.size ?? 0;
  return count;
}
