import { type BatchRef, type Certificate, limits } from '@bursar/protocol';
import { MAX_BLOCK_BYTES } from './check-refs.ts';
import type { State } from './state.ts';

/** Whether a block made now would order something: a proposal is due then. */
export const hasBatches = (s: State, now: number): boolean =>
  s.batches.some((b) => b.number === s.tip.nextBatch[b.origin] && b.expiresAt >= Math.max(now, s.tip.time + 1));

/** Canonical bytes of one reference; and of a PrePrepare without references and signatures, envelope included, rounded up. */
const REF_BYTES = 58;
const FRAME_BYTES = 832;

/** C2: how many references fit a consensus message beside the certificate of the height before. */
export function mostRefs(certificate: Certificate | undefined): number {
  const room = limits.consensusMessage - FRAME_BYTES - 64 * (certificate?.signatures.length ?? 0);
  return Math.max(0, Math.min(limits.batchesPerBlock, Math.floor(room / REF_BYTES)));
}

/**
 * The references of a block at `time`: one of each origin in turn, beginning at another origin each height, so that no origin's
 * load keeps the others out; an origin ends at the first batch that is missing, expired or does not fit.
 */
export function selectBatches(s: State, time: number): BatchRef[] {
  const { nextBatch } = s.tip;
  const n = nextBatch.length;
  const offered: Map<number, BatchRef>[] = nextBatch.map(() => new Map());
  for (const b of s.batches) offered[b.origin]?.set(b.number, b);
  const chosen: BatchRef[][] = nextBatch.map(() => []);
  let open = nextBatch.map((_, i) => (s.height + i) % n);
  const most = mostRefs(s.tip.certificate);
  let bytes = 0;
  let count = 0;
  while (open.length > 0 && count < most) {
    open = open.filter((origin) => {
      const mine = chosen[origin] as BatchRef[];
      const ref = offered[origin]?.get((nextBatch[origin] as number) + mine.length);
      if (ref === undefined || ref.expiresAt < time || bytes + ref.bytes > MAX_BLOCK_BYTES || count >= most) return false;
      mine.push(ref);
      bytes += ref.bytes;
      count++;
      return true;
    });
  }
  return chosen.flat();
}
