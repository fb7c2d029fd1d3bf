/** What the executor counts. Names are those of docs/treasury.md. */
import { type Ending, ERROR_REASONS, type Executor, type Meter } from '@bursar/executor';
import { createMetrics, type Metrics } from '@bursar/shared-core';

const ENDINGS = ['applied', 'reused', 'expired', 'fenced'] as const satisfies readonly Ending[];
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Values of treasury_circuit_breaker_state. */
const BREAKER = { closed: 0, open: 1, 'half-open': 2 } as const;

export interface ExecutorMetrics {
  readonly all: Metrics;
  readonly meter: Meter;
  /** Gauges that read the executor; call once it exists. */
  watch(executor: Executor): void;
}

export function executorMetrics(): ExecutorMetrics {
  const all = createMetrics('treasury_');
  const errors = all.counter('execution_errors_total', 'what kept batches from being executed', { reason: ERROR_REASONS });
  const payments = all.counter('payments_total', 'payments made through this executor');
  const batches = all.counter('batches_total', 'batches that were resolved', { ending: ENDINGS });
  const seconds = all.histogram('batch_seconds', 'from the first sending of a batch until its result was provable', SECONDS);
  return {
    all,
    meter: {
      error: (reason) => errors.inc({ reason }),
      paid: (n) => payments.inc(n),
      ended: (ending) => batches.inc({ ending }),
      resolved: (ms) => seconds.observe(ms / 1_000),
    },
    watch(executor) {
      const gauge = (name: string, help: string, read: (s: ReturnType<Executor['status']>) => number): void =>
        all.gaugeOf(name, help, () => read(executor.status()));
      gauge('circuit_breaker_state', '0 closed, 1 open, 2 half-open', (s) => BREAKER[s.breaker]);
      gauge('circuit_breaker_failures', 'failures that count at this moment', (s) => s.breakerCounts.failures);
      gauge('circuit_breaker_successes', 'successes that count at this moment', (s) => s.breakerCounts.successes);
      gauge('lease_left_seconds', 'ledger time left of the lease, 0 when it is not ours', (s) => s.leaseLeftMs / 1_000);
      gauge('ready_items', 'ready payments that the last plan saw', (s) => s.matured);
      gauge('staged_batches', 'batches signed and not resolved', (s) => s.staged);
      gauge('deferred_items', 'payments that wait before they are tried again', (s) => s.deferred);
      gauge('ledger_height', 'newest final block that was seen', (s) => s.height);
    },
  };
}
