/** prom-client behind closed label sets: a value that was not declared never becomes a series (O3). */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Label name → every value it may have. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;
export type LabelsOf<L extends LabelSets> = { readonly [K in keyof L]: L[K][number] };
type Args<L extends LabelSets> = keyof L extends never ? [] : [labels: LabelsOf<L>];

export interface CounterMetric<L extends LabelSets> {
  inc(...args: [...Args<L>, by?: number]): void;
}
export interface GaugeMetric<L extends LabelSets> {
  set(...args: [...Args<L>, value: number]): void;
}
export interface HistogramMetric<L extends LabelSets> {
  observe(...args: [...Args<L>, value: number]): void;
}
export interface Metrics {
  counter<const L extends LabelSets = Record<never, never>>(name: string, help: string, labels?: L): CounterMetric<L>;
  gauge<const L extends LabelSets = Record<never, never>>(name: string, help: string, labels?: L): GaugeMetric<L>;
  /** A gauge whose value is read when somebody scrapes. */
  gaugeOf(name: string, help: string, read: () => number): void;
  histogram<const L extends LabelSets = Record<never, never>>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: L,
  ): HistogramMetric<L>;
  /** Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Series one metric may have: a wider label set is a mistake in the program. */
const MAX_SERIES = 256;

/**
 * A registry of its own, no globals. Names get `prefix` in front (`consensus_`), process metrics keep their standard names.
 * @throws Error at registration when a label set is too wide
 */
export function createMetrics(prefix = '', { processMetrics = true }: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const refused = new Counter({
    name: 'metrics_labels_refused_total',
    help: 'updates dropped for an undeclared label value',
    registers: [registry],
  });
  const setup = (name: string, help: string, labels: LabelSets) => {
    const all = product(labels);
    if (all.length > MAX_SERIES) throw new Error(`metric ${name} would have ${all.length} series, more than ${MAX_SERIES}`);
    const accept = (given: unknown): given is Record<string, string> => {
      const ok = Object.entries(labels).every(([label, values]) => values.includes((given as Record<string, string>)[label] ?? ''));
      if (!ok) refused.inc();
      return ok;
    };
    const options = { name: prefix + name, help, labelNames: Object.keys(labels), registers: [registry] };
    return { all, accept, options, bare: Object.keys(labels).length === 0 };
  };
  /** (labels, value) or (value): both become labels and value. */
  const split = (args: readonly unknown[], bare: boolean): [unknown, number | undefined] =>
    bare ? [{}, args[0] as number] : [args[0], args[1] as number];
  return {
    counter(name, help, labels) {
      const { all, accept, options, bare } = setup(name, help, labels ?? {});
      const counter = new Counter(options);
      if (!bare) for (const one of all) counter.inc(one, 0); // present from the start, so that rates are right
      return {
        inc(...args) {
          const [given, by] = split(args, bare);
          if (accept(given)) counter.inc(given, by ?? 1);
        },
      };
    },
    gauge(name, help, labels) {
      const { accept, options, bare } = setup(name, help, labels ?? {});
      const gauge = new Gauge(options);
      return {
        set(...args) {
          const [given, value] = split(args, bare);
          if (accept(given)) gauge.set(given, value ?? 0);
        },
      };
    },
    gaugeOf(name, help, read) {
      new Gauge({
        ...setup(name, help, {}).options,
        collect() {
          this.set(read());
        },
      });
    },
    histogram(name, help, buckets, labels) {
      const { accept, options, bare } = setup(name, help, labels ?? {});
      const histogram = new Histogram({ ...options, buckets: [...buckets] });
      return {
        observe(...args) {
          const [given, value] = split(args, bare);
          if (accept(given)) histogram.observe(given, value ?? 0);
        },
      };
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function product(labels: LabelSets): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (all.length * values.length > 1_000_000) throw new Error(`label ${label} is too wide`);
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  }
  return all;
}
