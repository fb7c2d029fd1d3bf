/** What validator-set counts. */
import { createMetrics, type Metrics } from '@bursar/shared-core';
import type { MembershipState } from './core/membership-state.ts';

export interface MembershipMetrics {
  readonly all: Metrics;
  onLost(): void;
  /** Gauges that read the state; call once. */
  watch(state: MembershipState): void;
}

export function membershipMetrics(): MembershipMetrics {
  const all = createMetrics('validator_set_');
  const lost = all.counter('streams_lost_total', 'streams of final blocks that ended or failed');
  return {
    all,
    onLost: () => lost.inc(),
    watch(state) {
      all.gaugeOf('height', 'newest final block followed', () => state.height);
      all.gaugeOf('epoch', 'epoch of the current set', () => state.set.epoch);
      all.gaugeOf('validators', 'validators in the current set', () => state.set.validators.length);
      all.gaugeOf('total_stake', 'sum of all stakes', () => Number(state.set.total));
      all.gaugeOf('skipped_views_total', 'views that their leaders led in vain, so far', () =>
        state.set.validators.reduce((sum, { index }) => sum + (state.conduct(index)?.skipped ?? 0), 0),
      );
    },
  };
}
