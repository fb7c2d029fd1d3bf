/** Measures and assesses on a timer (C11), tells when the level changes, and reacts when no quorum is heard (C13). */
import { type Bus, type Health, type LatencyWindow, type Logger, retry } from '@bursar/shared-core';
import type { Events } from './adapters/events.ts';
import { assessHealth } from './core/assess-health.ts';
import type { Refused } from './core/gates/refusal.ts';
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
  readonly bus: Pick<Bus, 'reconnect'>;
  readonly signal: AbortSignal;
  readonly onRefused: (refused: Refused) => void;
  /** Other validators in the set. */
  readonly peers: number;
  /** Messages and transactions that wait. */
  readonly queue: () => number;
  /** Share of the heap in use, 0 to 1. */
  readonly memory: () => number;
  readonly finalHeight: () => number;
}
/** So long without a quorum is a partition; health is Failed later. */
const PARTITION_MS = 5_000;
/** While it lasts, the connection is made anew as often. */
const RECONNECT_MS = 30_000;

/** @returns what to call on a timer */
export function watchHealth(parts: WatchHealthParts): () => void {
  const { health, heard, latency, clock, metrics, events, peers } = parts;
  let level = health.report().level;
  health.onChange(() => {
    const report = health.report();
    if (report.level === level) return;
    level = report.level;
    events.health(report);
  });
  const onQuorum = watchQuorum(parts);
  let last = { height: parts.finalHeight(), ms: clock.now() };
  return () => {
    const now = clock.now();
    if (parts.finalHeight() !== last.height) last = { height: parts.finalHeight(), ms: now };
    const withoutQuorumMs = heard.withoutQuorumMs(now);
    onQuorum(withoutQuorumMs);
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

/**
 * A partition (C13): told once, then a new connection is tried, three times each (C12), for the server in between may be the one that
 * is cut off. Nothing is taken back: what was signed is repeated for ever, and the majority is found by the notices that everybody
 * sends (docs/decisions/0009-ingress.md says why a minority need not fall silent).
 */
function watchQuorum({ heard, clock, log, bus, signal, peers, onRefused }: WatchHealthParts): (withoutQuorumMs: number) => void {
  let since: { readonly ms: number; reconnectedMs: number } | undefined;
  return (withoutQuorumMs) => {
    const now = clock.now();
    if (withoutQuorumMs <= PARTITION_MS) {
      if (since) log.info({ heard: heard.lately(now), lastedMs: now - since.ms }, 'a quorum is heard again');
      since = undefined;
      return;
    }
    if (!since) {
      since = { ms: now, reconnectedMs: Number.NEGATIVE_INFINITY };
      const who = heard.lately(now);
      log.event('NetworkPartitionDetected', { heard: who, withoutQuorumMs }, 'no quorum is heard', 'error');
      const why = `${who.length - 1} of ${peers} other validators are heard`;
      onRefused({ name: 'NetworkPartitionDetected', kind: 'unknown', sender: undefined, msgId: undefined, why });
    }
    if (now - since.reconnectedMs < RECONNECT_MS) return;
    since.reconnectedMs = now;
    retry(() => bus.reconnect(), { attempts: 3, baseMs: 100, factor: 2, signal }).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'a new connection to NATS did not come about');
    });
  };
}
