/** Fast path and slow path side by side: how often each made the last blocks final, and how long they took (C8, K2). */
import { type FinalKind, finalKinds } from '@bursar/membership';
import { createLatencyWindow, type LatencyWindow } from '@bursar/shared-core';

/** Blocks over which the share is taken. */
const BLOCKS = 1_024;

export class FinalityFigures {
  readonly #latencies: Readonly<Record<FinalKind, LatencyWindow>> = { commit: createLatencyWindow(), fast: createLatencyWindow() };
  /** Kinds of the last blocks, oldest first. */
  readonly #kinds: FinalKind[] = [];

  /** @param tookMs from proposal to execution; undefined for a block that came as a final one */
  observe(kind: FinalKind, tookMs: number | undefined): void {
    this.#kinds.push(kind);
    if (this.#kinds.length > BLOCKS) this.#kinds.shift();
    if (tookMs !== undefined) this.#latencies[kind].observe(tookMs);
  }
  /** Share of the last blocks that all validators prepared in time, 0 to 1; 0 before the first. */
  fastShare(): number {
    return this.#kinds.length === 0 ? 0 : this.#kinds.filter((kind) => kind === 'fast').length / this.#kinds.length;
  }
  /** Milliseconds from proposal to execution, of each kind; 0 before the first. */
  latencies(): readonly { readonly kind: FinalKind; readonly meanMs: number; readonly p99Ms: number }[] {
    return finalKinds.map((kind) => {
      const { meanMs, p99Ms } = this.#latencies[kind].figures();
      return { kind, meanMs, p99Ms };
    });
  }
}
