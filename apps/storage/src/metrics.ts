/** What storage counts. */
import { peekCode } from '@bursar/protocol';
import { createMetrics, type Metrics } from '@bursar/shared-core';
import { transactionResults } from './core/results.ts';
import type { BlockStore } from './core/store.ts';
import type { FinalBlock } from './ports.ts';

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5] as const;

export interface StorageMetrics {
  readonly all: Metrics;
  onFinal(final: FinalBlock, durableMs: number): void;
  onPublished(height: number): void;
  onPublishFailed(): void;
  onFork(): void;
  /** Gauges that read the store; call once it exists. */
  watch(store: BlockStore): void;
}

export function storageMetrics(): StorageMetrics {
  const all = createMetrics('storage_');
  const blocks = all.counter('blocks_total', 'final blocks executed and made durable');
  const transactions = all.counter('transactions_total', 'transactions in final blocks', { outcome: ['done', 'refused'] });
  const payments = all.counter('payments_total', 'payments made');
  const execute = all.histogram('execute_seconds', 'execution of a block', SECONDS);
  const durable = all.histogram('durable_seconds', 'from the end of execution to the end of fdatasync', SECONDS);
  const published = all.gauge('outbox_published_height', 'newest height whose event the broker has stored');
  const failures = all.counter('outbox_failures_total', 'attempts to publish that failed and are repeated');
  const forks = all.counter('fork_detected_total', 'certified blocks that contradict this chain');
  let publishedHeight = 0;
  return {
    all,
    onFinal(final, durableMs) {
      blocks.inc();
      execute.observe((final.endedMs - final.startedMs) / 1_000);
      durable.observe(durableMs / 1_000);
      const all = transactionResults(final.stored.results);
      const done = all.reduce((n, r) => n + (peekCode(r) === 0 ? 1 : 0), 0);
      const paid = final.stored.results.length - all.length;
      transactions.inc({ outcome: 'done' }, done);
      transactions.inc({ outcome: 'refused' }, all.length - done);
      payments.inc(paid);
    },
    onPublished(height) {
      publishedHeight = height;
      published.set(height);
    },
    onPublishFailed: () => failures.inc(),
    onFork: () => forks.inc(),
    watch(store) {
      all.gaugeOf('height', 'newest final block here', () => store.tip.height);
      all.gaugeOf('ledger_time_seconds', 'ledger time of the newest block', () => store.tip.time / 1_000);
      all.gaugeOf('supply_base_units', 'sum of all balances', () => Number(store.ledger.supply));
      all.gaugeOf('outbox_lag_blocks', 'final blocks whose event is not stored by the broker', () => store.tip.height - publishedHeight);
      // 48 bits of the root: validators that agree show one value (C10).
      all.gaugeOf('state_root_hash', 'first 48 bits of the state root', () => Number.parseInt(store.tip.stateRoot.slice(0, 12), 16));
    },
  };
}
