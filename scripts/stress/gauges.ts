/** What processes say of themselves: metrics over HTTP, peak memory from /proc. */
import { readFileSync } from 'node:fs';

/** Samples of /metrics by name with labels, as they are printed. */
export type Samples = ReadonlyMap<string, number>;

export async function scrape(adminPort: number): Promise<Samples> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  const lines = text.split('\n').filter((l) => l !== '' && !l.startsWith('#'));
  return new Map(lines.map((l) => [l.slice(0, l.lastIndexOf(' ')), Number(l.slice(l.lastIndexOf(' ') + 1))]));
}

/** Sum of all samples of a metric, whatever their labels. */
export function sumOf(samples: readonly Samples[], metric: string): number {
  let sum = 0;
  for (const s of samples) for (const [name, value] of s) if (name === metric || name.startsWith(`${metric}{`)) sum += value;
  return sum;
}

/** Non-zero sums of a metric by the value of one label. */
export function sumBy(samples: readonly Samples[], metric: string, label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const s of samples)
    for (const [name, value] of s) {
      const found = name.startsWith(`${metric}{`) ? new RegExp(`${label}="([^"]*)"`).exec(name)?.[1] : undefined;
      if (found !== undefined && value > 0) sums[found] = (sums[found] ?? 0) + value;
    }
  return sums;
}

function status(pid: number): { peakKiB: number; children: number[] } {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return { peakKiB: Number(peak ?? 0), children };
  } catch {
    return { peakKiB: 0, children: [] };
  }
}

/** Largest resident memory of any process of each kind since it started, MiB. NATS runs below a shell. */
export function peakMemory(kinds: ReadonlyMap<number, string>): Record<string, number> {
  const peaks: Record<string, number> = {};
  for (const [pid, kind] of kinds) {
    const { peakKiB, children } = status(pid);
    const below = pid === process.pid ? [] : children.map((c) => status(c).peakKiB);
    peaks[kind] = Math.max(peaks[kind] ?? 0, Math.round(Math.max(peakKiB, ...below) / 1_024));
  }
  return peaks;
}
