/** One figure of the bench, beside the limit that it runs against. */
export interface Row {
  readonly bench: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What nothing on this machine can beat, measured in the same run; undefined where there is no such figure. */
  readonly limit?: { readonly value: number; readonly what: string };
}

const shown = (v: number): string => (v >= 1_000 ? Math.round(v).toLocaleString('en-US') : v >= 10 ? v.toFixed(1) : v.toFixed(3));

/** A table of at most 130 columns. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((r) => [
    r.bench,
    r.what,
    `${shown(r.value)} ${r.unit}`,
    r.limit ? `${shown(r.limit.value)} ${r.unit} (${r.limit.what})` : '',
    r.limit ? `${Math.round((100 * Math.min(r.value, r.limit.value)) / Math.max(r.value, r.limit.value))} %` : '',
  ]);
  const all = [['bench', 'figure', 'ours', 'limit in the same run', 'share'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...all.map((c) => (c[i] ?? '').length)));
  return all
    .map((c) =>
      c
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
export const median = (values: readonly number[]): number => percentile(values, 0.5);
