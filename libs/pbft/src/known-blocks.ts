import type { Digest } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import type { Known } from './state.ts';
import { record, type Turn } from './turn.ts';

/** Puts or changes a known block; the oldest that nothing points to goes when there are too many. */
export function putKnown(t: Turn, digest: Digest, entry: Known): void {
  const { s } = t;
  const known = new Map(s.known).set(digest, entry);
  if (known.size > bounds.blocks) {
    const kept = new Set([digest, s.lastVote?.digest, s.prepared?.digest, s.accepted, s.mandatory?.digest]);
    for (const d of known.keys()) {
      if (kept.has(d)) continue;
      known.delete(d);
      break;
    }
  }
  s.known = known;
}

/** Writes the block to the log, once. */
export function recordKnown(t: Turn, digest: Digest): void {
  const entry = t.s.known.get(digest);
  if (entry === undefined || entry.recorded) return;
  record(t, { kind: 'proposal', height: t.s.height, view: t.s.view, block: entry.block, certificate: entry.certificate });
  putKnown(t, digest, { ...entry, recorded: true });
}

/** Asks for a block of the open height, once until the resend timer asks again. */
export function fetchBlock(t: Turn, digest: Digest, from: readonly number[]): void {
  if (t.s.fetching.has(digest)) return;
  t.s.fetching = new Set(t.s.fetching).add(digest);
  const others = [...new Set(from)].filter((i) => i !== t.params.self);
  t.effects.push({ type: 'fetch-block', height: t.s.height, digest, from: others });
}
