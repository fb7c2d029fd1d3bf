/**
 * Circuit breaker over batches (docs/treasury.md "Executor"), pure: `now` is an argument, any clock that runs forward, in ms.
 * Counted are transport errors, time-outs and internal errors; business outcomes never.
 */

export interface BreakerOptions {
  /** Failures within the window that open it. */
  readonly failures: number;
  readonly windowMs: number;
  /** The window rolls in steps of windowMs / buckets. */
  readonly buckets: number;
  readonly openMs: number;
  /** Probes under way at once while half-open. */
  readonly probes: number;
  /** Successes of probes that close it. */
  readonly successes: number;
}
export const breakerDefaults: BreakerOptions = { failures: 5, windowMs: 300_000, buckets: 30, openMs: 60_000, probes: 2, successes: 2 };

interface Bucket {
  /** now / bucket length, rounded down. */
  readonly slot: number;
  readonly failures: number;
  readonly successes: number;
}
export type Breaker = {
  /** Counts the times it opened or half-opened: what was admitted before does not count as a probe after. */
  readonly generation: number;
} & (
  | { readonly kind: 'closed'; readonly buckets: readonly Bucket[] }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; readonly probing: number; readonly successes: number }
);
/** What an admitted batch gives back with its outcome, once. */
export interface Permit {
  readonly generation: number;
}
/** `ignored`: a business outcome, or nothing was tried. */
export type Outcome = 'success' | 'failure' | 'ignored';

export const newBreaker = (): Breaker => ({ kind: 'closed', generation: 0, buckets: [] });

/** Whether a batch may be tried now. While half-open an admitted one is a probe. */
export function admit(
  b: Breaker,
  now: number,
  options: BreakerOptions,
): { readonly breaker: Breaker; readonly permit: Permit | undefined } {
  if (b.kind === 'closed') return { breaker: b, permit: { generation: b.generation } };
  if (b.kind === 'open' && now < b.until) return { breaker: b, permit: undefined };
  const half = b.kind === 'open' ? ({ kind: 'half-open', generation: b.generation + 1, probing: 0, successes: 0 } as const) : b;
  if (half.probing >= options.probes) return { breaker: half, permit: undefined };
  return { breaker: { ...half, probing: half.probing + 1 }, permit: { generation: half.generation } };
}

/** Tells what became of an admitted batch. Outcomes of an earlier generation change nothing. */
export function settle(b: Breaker, permit: Permit, outcome: Outcome, now: number, options: BreakerOptions): Breaker {
  if (permit.generation !== b.generation || b.kind === 'open') return b;
  if (b.kind === 'half-open') {
    if (outcome === 'failure') return open(b, now, options);
    const successes = b.successes + (outcome === 'success' ? 1 : 0);
    if (successes >= options.successes) return { kind: 'closed', generation: b.generation + 1, buckets: [] };
    return { ...b, probing: b.probing - 1, successes };
  }
  if (outcome === 'ignored') return b;
  const buckets = counted(b.buckets, outcome, now, options);
  return total(buckets).failures >= options.failures ? open(b, now, options) : { ...b, buckets };
}

const open = (b: Breaker, now: number, options: BreakerOptions): Breaker => ({
  kind: 'open',
  generation: b.generation + 1,
  until: now + options.openMs,
});

function counted(buckets: readonly Bucket[], outcome: 'success' | 'failure', now: number, options: BreakerOptions): readonly Bucket[] {
  const kept = within(buckets, now, options);
  const slot = slotOf(now, options);
  const last = kept.at(-1);
  const current = last?.slot === slot ? last : { slot, failures: 0, successes: 0 };
  const grown = {
    slot,
    failures: current.failures + (outcome === 'failure' ? 1 : 0),
    successes: current.successes + (outcome === 'success' ? 1 : 0),
  };
  return [...(last?.slot === slot ? kept.slice(0, -1) : kept), grown];
}

const slotOf = (now: number, { windowMs, buckets }: BreakerOptions): number => Math.floor(now / (windowMs / buckets));
const within = (buckets: readonly Bucket[], now: number, options: BreakerOptions): readonly Bucket[] =>
  buckets.filter(({ slot }) => slot > slotOf(now, options) - options.buckets);
const total = (buckets: readonly Bucket[]) =>
  buckets.reduce((sum, b) => ({ failures: sum.failures + b.failures, successes: sum.successes + b.successes }), {
    failures: 0,
    successes: 0,
  });

/** For gauges: what counts at this moment. */
export function counts(b: Breaker, now: number, options: BreakerOptions): { readonly failures: number; readonly successes: number } {
  if (b.kind === 'closed') return total(within(b.buckets, now, options));
  return { failures: b.kind === 'open' ? options.failures : 0, successes: b.kind === 'half-open' ? b.successes : 0 };
}
