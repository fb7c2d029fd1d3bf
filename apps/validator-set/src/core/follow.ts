/**
 * Follows the final blocks of the cell's storage for ever: the stream is the truth, events from elsewhere are only a reason
 * to look again at once. Storage that goes away, a stream that ends, a gap: it starts again behind the last block it has.
 */
import { messageOf } from '@bursar/shared-core';
import type { BlockSource, Halt } from '../ports.ts';
import type { MembershipState } from './membership-state.ts';

export interface FollowOptions {
  readonly state: MembershipState;
  readonly source: BlockSource;
  readonly halt: Halt;
  /** Waits before the next try, at most until `hint` or abort; `failures` in a row so far. */
  readonly pause: (failures: number, signal: AbortSignal) => Promise<void>;
  /** After each block: how far, and whether that is what storage had when the stream began. */
  readonly onProgress: (height: number, caughtUp: boolean) => void;
  readonly onLost: (why: string) => void;
  /** Lets probes be answered during a long catch-up. */
  readonly breathe: () => Promise<void>;
}

const BREATHE_EVERY = 64;

export async function followBlocks(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { state, pause, onLost } = options;
  for (let failures = 0; !signal.aborted; ) {
    const before = state.height;
    const { why, wrong } = await once(options, signal);
    if (signal.aborted) return;
    if (wrong) options.halt('StateForkDetected', why);
    failures = state.height > before ? 1 : failures + 1;
    onLost(why);
    await pause(failures, signal);
  }
}

/** One stream, until it breaks. `wrong`: what came contradicts the chain. */
async function once({ state, source, onProgress, breathe }: FollowOptions, signal: AbortSignal): Promise<{ why: string; wrong?: true }> {
  const stream = new AbortController();
  const both = AbortSignal.any([signal, stream.signal]);
  try {
    const target = await source.height(both);
    // Storage may be catching up itself: what it has meanwhile vouches for what comes on the way there.
    let vouched = target;
    // A storage that was restored from a backup: it will reach us again; until then there is nothing to read.
    if (target < state.height) return { why: `storage is at ${target}, behind ${state.height}` };
    onProgress(state.height, state.height >= target);
    for await (const streamed of source.blocks(state.height + 1, both)) {
      const applied = state.apply(streamed, vouched);
      if (applied.kind === 'gap') return { why: `the stream jumped to ${streamed.height}, ${applied.expected} was expected` };
      if (applied.kind === 'wrong') return { why: `block ${streamed.height} of storage: ${applied.why}`, wrong: true };
      if (applied.kind === 'applied') onProgress(state.height, state.height >= target);
      if (state.height % BREATHE_EVERY > 0) continue;
      await breathe();
      vouched = await source.height(both);
    }
    return { why: 'the stream ended' };
  } catch (e) {
    return { why: messageOf(e) };
  } finally {
    stream.abort();
  }
}
