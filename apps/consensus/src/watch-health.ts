/** Measures and assesses on a timer (C11, C13), and tells when the level changes. */
import type { Health, LatencyWindow, Logger } from '@bursar/shared-core';
import type { Events } from './adapters/events.ts';
import { assessHealth } from './core/assess-health.ts';
import type { Heard } from './core/heard.ts';
import type { ConsensusMetrics } from './metrics.ts';
import type { Clock } from './ports.ts';

export interface WatchHealthParts {
  readonly health: Health;
  readonly heard: Heard;
  readonly latency: LatencyWindow;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ConsensusMetrics;
  readonly events: Events;
  /** Other validators in the set. */
  readonly peers: number;
  /** Messages and transactions that wait. */
  readonly queue: () => number;
  /** Share of the heap in use, 0 to 1. */
  readonly memory: () => number;
  readonly finalHeight: () => number;
}
/** So long without a quorum is a partition for the log; health is Failed later (C13). */
const PARTITION_MS = 5_000;

/** @returns what to call on a timer */
export function watchHealth(parts: WatchHealthParts): () => void {
  const { health, heard, latency, clock, log, metrics, events, peers } = parts;
  let level = health.report().level;
  health.onChange(() => {
    const report = health.report();
    if (report.level === level) return;
    level = report.level;
    events.health(report);
  });
  let isApart = false;
  let last = { height: parts.finalHeight(), ms: clock.now() };
  return () => {
    const now = clock.now();
    if (parts.finalHeight() !== last.height) last = { height: parts.finalHeight(), ms: now };
    const withoutQuorumMs = heard.withoutQuorumMs(now);
    const wasApart = isApart;
    isApart = withoutQuorumMs > PARTITION_MS;
    if (isApart && !wasApart)
      log.event('NetworkPartitionDetected', { heard: heard.lately(now), withoutQuorumMs }, 'no quorum is heard', 'error');
    const verdict = assessHealth({
      queue: parts.queue(),
      meanLatencyMs: latency.figures().meanMs,
      memory: parts.memory(),
      peers,
      peersHeard: heard.isStarting(now) ? peers : heard.lately(now).length - 1,
      sinceLastBlockMs: now - last.ms,
      withoutQuorumMs,
    });
    health.assess('consensus', verdict.level, verdict.reason);
    metrics.setLevel(health.report().level);
  };
}
