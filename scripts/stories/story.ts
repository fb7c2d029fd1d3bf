/** A scenario that can be run and read: what was done, how fast, and whether the books are right. */
import type { Stage } from './stage.ts';

/** A figure with what is asked of it. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bar?: { readonly least: number } | { readonly most: number };
}
export interface Told {
  /** What happened, a sentence each. */
  readonly done: readonly string[];
  readonly figures: readonly Figure[];
}
export interface Story {
  readonly name: string;
  /** What it shows, for a list. */
  readonly about: string;
  /** Settings of both executors that are not the usual ones. */
  readonly executor?: Readonly<Record<string, number>>;
  run(stage: Stage): Promise<Told>;
}

/** Of every story: payments a second of a small network. */
export const LEAST_PER_SECOND = 100;
export const rate = (what: string, value: number): Figure => ({ what, value, unit: 'payments/s', bar: { least: LEAST_PER_SECOND } });
export const isMet = ({ value, bar }: Figure): boolean => bar === undefined || ('least' in bar ? value >= bar.least : value <= bar.most);

export function figureText(f: Figure): string {
  const text = (n: number): string => (n >= 100 ? Math.round(n).toLocaleString('en-US') : n.toFixed(1));
  const bar = f.bar === undefined ? '' : 'least' in f.bar ? ` (at least ${text(f.bar.least)})` : ` (at most ${text(f.bar.most)})`;
  return `${f.what}: ${text(f.value)} ${f.unit}${bar}${isMet(f) ? '' : ' MISSED'}`;
}
