/** Mean, p95 and p99 over the latest samples (C8), without a clock of its own. */

export interface LatencyWindow {
  observe(ms: number): void;
  /** All samples ever. */
  readonly count: number;
  /** Over the window; 0 before the first sample. */
  figures(): { readonly meanMs: number; readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number };
}

/** @param size samples kept; figures() sorts them, so call it when somebody asks and not per sample */
export function createLatencyWindow(size = 1_024): LatencyWindow {
  const samples = new Float64Array(size);
  let count = 0;
  return {
    observe(ms) {
      samples[count++ % size] = ms;
    },
    get count() {
      return count;
    },
    figures() {
      const sorted = samples.slice(0, Math.min(count, size)).sort();
      const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      const sum = sorted.reduce((a, b) => a + b, 0);
      return { meanMs: sorted.length === 0 ? 0 : sum / sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
    },
  };
}
