/**
 * Linearizability of a concurrent history (Herlihy & Wing 1990): is there one order of all operations that keeps the order in which
 * they did not overlap, and in which each answers as a sequential object would? Wing & Gong's search with Lowe's memory of
 * configurations: a set of operations done, with the state they lead to, is looked at once.
 */

export interface Operation<I, O> {
  readonly client: number;
  /** Times of one monotonic clock. */
  readonly call: number;
  /** Infinity: nobody learnt what became of it; it may have happened at any time since its call, or never. */
  readonly back: number;
  readonly input: I;
  /** Undefined when nobody learnt it. */
  readonly output: O | undefined;
}
export interface Model<S, I, O> {
  readonly initial: S;
  /** The states after it, none if it cannot answer so in this state. Without an output: whatever may have become of it. */
  step(state: S, input: I, output: O | undefined): readonly S[];
  /** Equal for equal states. */
  key(state: S): string;
}
export type Verdict =
  /** Indices of the operations in an order that explains the history. */
  | { readonly linearizable: true; readonly order: readonly number[] }
  /** The longest order that explains a part, and the operations of which none can come next. */
  | { readonly linearizable: false; readonly longest: readonly number[]; readonly stuck: readonly number[] };

export class TooLong extends Error {}

/** @param limit configurations that are looked at. @throws TooLong beyond it: no verdict */
export function check<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[], limit = 5_000_000): Verdict {
  const sorted = history.map((op, index) => ({ op, index })).sort((a, b) => a.op.call - b.op.call);
  const n = sorted.length;
  const done = new Uint8Array(n);
  const order: number[] = [];
  const seen = new Set<string>();
  let longest: readonly number[] = [];
  let stuck: readonly number[] = sorted.slice(0, 1).map((o) => o.index);

  /** Places of the operations that may come next: no other one that is left was over before they began. */
  const next = (first: number): number[] => {
    const found: number[] = [];
    let earliestBack = Number.POSITIVE_INFINITY;
    for (let i = first; i < n; i++) {
      if (done[i]) continue;
      const { op } = sorted[i] as (typeof sorted)[0];
      if (op.call > earliestBack) break;
      found.push(i);
      earliestBack = Math.min(earliestBack, op.back);
    }
    return found;
  };
  const name = (state: S, first: number): string => {
    // Everything below `first` is done: what is above it is little.
    let last = n;
    while (last > first && !done[last - 1]) last--;
    return `${first}:${done.subarray(first, last).join('')}:${model.key(state)}`;
  };
  const search = (state: S, from: number): boolean => {
    let first = from;
    while (first < n && done[first]) first++;
    if (first === n) return true;
    const configuration = name(state, first);
    if (seen.has(configuration)) return false;
    if (seen.size >= limit) throw new TooLong(`more than ${limit} configurations`);
    seen.add(configuration);
    const candidates = next(first);
    if (order.length >= longest.length) {
      longest = [...order];
      stuck = candidates.map((i) => (sorted[i] as (typeof sorted)[0]).index);
    }
    for (const i of candidates) {
      const { op, index } = sorted[i] as (typeof sorted)[0];
      for (const after of model.step(state, op.input, op.output)) {
        done[i] = 1;
        order.push(index);
        if (search(after, first)) return true;
        order.pop();
        done[i] = 0;
      }
    }
    return false;
  };
  return search(model.initial, 0) ? { linearizable: true, order } : { linearizable: false, longest, stuck };
}
