/** One figure of the bench: ours, beside what it runs against. */
export interface Row {
  readonly bench: string;
  readonly what: string;
  /** Undefined: not measured, and `why` says why. */
  readonly value: number | undefined;
  readonly why?: string;
  readonly unit: string;
  /** What nothing on this machine can beat, measured in the same run or fixed by the message pattern. */
  readonly limit?: { readonly value: number; readonly what: string };
  /** The same work done by the peer in the same run. */
  readonly peer?: { readonly value: number; readonly what: string };
  /** What the requirements ask for: no less, or no more, than this. */
  readonly bar?: { readonly least: number } | { readonly most: number };
}

const shown = (v: number): string =>
  v >= 1_000 ? Math.round(v).toLocaleString('en-US') : v >= 10 || v <= -10 ? v.toFixed(1) : Number.isInteger(v) ? String(v) : v.toFixed(3);

/** The smaller of the two in percent of the larger: 100 % is the limit, whichever way it lies. */
export const shareOf = (value: number, limit: number): number => (100 * Math.min(value, limit)) / Math.max(value, limit);

export function meetsBar({ value, bar }: Row): boolean | undefined {
  if (!bar || value === undefined) return undefined;
  return 'least' in bar ? value >= bar.least : value <= bar.most;
}

function barText(row: Row): string {
  if (!row.bar) return '';
  const ok = meetsBar(row);
  const text = 'least' in row.bar ? `≥ ${shown(row.bar.least)}` : `≤ ${shown(row.bar.most)}`;
  return `${text} ${ok === undefined ? '' : ok ? 'met' : 'MISSED'}`;
}

/** A table, and below it the notes that its limits and peers are numbered by. */
export function table(rows: readonly Row[]): string {
  const notes: string[] = [];
  const note = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const cells = rows.map(({ value, why, unit, limit, peer, ...row }) => [
    row.bench,
    row.what,
    value === undefined ? `– ${note(why ?? 'not measured')}` : `${shown(value)} ${unit}`,
    limit ? `${shown(limit.value)} ${note(limit.what)}` : '',
    limit && value !== undefined ? `${Math.round(shareOf(value, limit.value))} %` : '',
    peer ? `${shown(peer.value)} ${note(peer.what)}` : '',
    peer && peer.value > 0 && value !== undefined ? `${(value / peer.value).toFixed(2)}×` : '',
    barText({ value, unit, ...row }),
  ]);
  const all = [['bench', 'figure', 'ours', 'limit', 'share', 'peer', 'ratio', 'bar'], ...cells];
  const widths = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => Math.max(...all.map((c) => (c[i] ?? '').length)));
  const lines = all.map((c) =>
    c
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...(notes.length > 0 ? [''] : []), ...notes.map((n, i) => `[${i + 1}] ${n}`)].join('\n');
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
export const median = (values: readonly number[]): number => percentile(values, 0.5);
