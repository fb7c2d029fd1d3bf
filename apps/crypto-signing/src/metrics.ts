import { createMetrics, type Metrics } from '@bursar/shared-core';

export const PURPOSES = ['prepare', 'commit', 'view-change', 'new-view', 'batch', 'evidence'] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface SigningMetrics {
  readonly all: Metrics;
  onSigned(purpose: Purpose, ms: number): void;
  onRefused(purpose: Purpose): void;
  watchBehind(read: () => boolean): void;
}

export function signingMetrics(): SigningMetrics {
  const all = createMetrics('signing_');
  const labels = { purpose: PURPOSES };
  const signed = all.counter('signatures_total', 'signatures answered', labels);
  const refused = all.counter('refused_total', 'requests that would have signed twice, or while behind', labels);
  const seconds = all.histogram('seconds', 'from request to durable signature', [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25], labels);
  return {
    all,
    onSigned(purpose, ms) {
      signed.inc({ purpose });
      seconds.observe({ purpose }, ms / 1_000);
    },
    onRefused: (purpose) => refused.inc({ purpose }),
    watchBehind: (read) => all.gaugeOf('behind', '1: the record lacks a signature and nothing is signed', () => (read() ? 1 : 0)),
  };
}
